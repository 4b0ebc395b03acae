"""Of what intervals are, in words for the report, and why there is none."""

from __future__ import annotations

THIS_MODEL = "this model on other cases like these; other training cases are not allowed for"
NEW_CENTRE = (
    "the score seen in one new centre of about this size, by models of as many centres (a prediction interval); the mean over "
    "new centres has no interval: none was found that holds"
)


THESE_MODELS = (
    "the models of these folds on other cases like these; how they differ is allowed for, other cases to choose training cases "
    "from are not"
)


def other_data(train: float, test: float | None = None) -> str:
    """train: how many cases train a model on average. test: how many are scored together, where the score depends on it."""
    among = "" if test is None else f", among {test:.0f} test cases at a time"
    return f"the mean score of models built in this way on {train:.0f} cases{among}; other training and test cases are allowed for"


def no_interval(why: str) -> str:
    return f"no interval: {why}"
