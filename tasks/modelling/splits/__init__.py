"""Splits, one kind per file: who trains and who is predicted. Patients never stand on both sides."""
