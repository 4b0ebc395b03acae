"""Sections of the report of an association study, one kind per file, each with its template beside it."""
