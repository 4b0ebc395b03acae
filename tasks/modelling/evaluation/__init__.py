"""Evaluation: a Study over a Design gives a StudyResult. Every fitted step sees the training fold alone."""
