"""What a saved model is asked, from the tables of a cohort to the folder of its scores. No Prefect: `tasks/score.py` tracks it."""
