"""Of what intervals are, in words for the report, and why there is none."""

from __future__ import annotations

THIS_MODEL = "this model on other cases like these; other training cases are not allowed for"
NEW_CENTRE = (
    "the score seen in one new centre of about this size, by models of as many centres (a prediction interval); the mean over "
    "new centres has no interval: none was found that holds"
)


def other_data(train: float) -> str:
    """train: how many cases train a model on average."""
    return f"the mean score of models built in this way on {train:.0f} cases; other training and test cases are allowed for"


def no_interval(why: str) -> str:
    return f"no interval: {why}"
