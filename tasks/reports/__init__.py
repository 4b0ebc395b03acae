"""The study's report: one HTML page. What is shown of a StudyResult belongs here; nothing is fitted or scored here."""
