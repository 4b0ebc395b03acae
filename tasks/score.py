"""Step 10: what a saved model says of a cohort, or of its cases that have no score yet."""

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks.scoring.write_scores import write_new_scores, write_scores

score_cohort = task(name="score", cache_policy=NO_CACHE, persist_result=False)(write_scores)
score_new_cases = task(name="score new", cache_policy=NO_CACHE, persist_result=False)(write_new_scores)
