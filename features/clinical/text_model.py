"""A text model: a bag of words and phrases, and a logistic regression that is held back, of labels that a person gave.

Nothing of it outlives a refresh: words, weights and texts are in memory alone. After Titano et al., Nat Med 2018;24:1337.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
FOLDS, INNER, FEWEST = 5, 3, 5  # of those who teach; of the search for C; patients of each label who have to teach
PENALTIES = (1.0, 10.0, 100.0)  # C: the larger, the less the weights are held back
PHRASE = 3  # words of the longest phrase
_NUMBERED = re.compile(r"\w*\d\w*")


def masked(text: str) -> str:
    """A text in small letters; what holds a digit (dates, sizes, ids) is one word for all.

    >>> masked("Seen on 3 May, MRN A-0017b")
    'seen on 0 may, mrn a-0'
    """
    return _NUMBERED.sub("0", text.lower())


def labels_of(taught: Sequence[str], labels: Flags, others: Sequence[str], seen_in: int) -> tuple[Flags, Flags]:
    """What the text model says of those who taught it (n,), each by a model that he did not teach, and of the others (m,).

    labels: (n,) by hand. Words and phrases count that stand in at least `seen_in` of the reports that teach. Texts without
    any of them get the more frequent label. Raises ValueError if no word is left; there have to be `FEWEST` of each label.
    """
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    model = _model(seen_in)
    texts = np.array([*taught, ""], dtype=object)[:-1]
    own = np.asarray(cross_val_predict(model, texts, labels, cv=folds), bool)
    if not len(others):
        return own, np.zeros(0, bool)
    return own, np.asarray(model.fit(texts, labels).predict(np.array([*others, ""], dtype=object)[:-1]), bool)


def _model(seen_in: int) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(
        preprocessor=masked, ngram_range=(1, PHRASE), min_df=seen_in, binary=True, token_pattern=r"(?u)\b\w+\b"
    )
    line = make_pipeline(words, LogisticRegression(max_iter=1000))
    inner = StratifiedKFold(INNER, shuffle=True, random_state=0)
    return GridSearchCV(
        line, {"logisticregression__C": PENALTIES}, scoring="neg_log_loss", cv=inner, error_score="raise"
    )
