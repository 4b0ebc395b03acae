"""Sections of the report: one kind per file, with its template beside it. What several sections share lies one floor up."""
