"""Figures that show predictions beside what was seen, one kind per file; endpoints name theirs."""
