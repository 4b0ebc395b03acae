"""Endpoints: what a study predicts, one kind per file. Nothing about models here."""
