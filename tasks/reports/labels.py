"""The words that the report uses for splits, metrics, models and sets of blocks."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.modelling.evaluation.comparison import BASELINES
from tasks.modelling.evaluation.result import Score
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import METRICS, Metric
from tasks.reports.plain_labels import capital, model_label


def metric_label(kind: str) -> str:
    """A metric in words, as a heading.

    >>> metric_label("harrell_c"), metric_label("macro_auc")
    ('Harrell’s C-index', 'Macro AUC')
    """
    return capital(metric_word(kind))


def metric_word(kind: str) -> str:
    """A metric in words, within a sentence.

    >>> metric_word("harrell_c"), metric_word("macro_auc")
    ('Harrell’s C-index', 'macro AUC')
    """
    return METRICS.load(kind).title


def is_baseline(blocks: str) -> bool:
    """True for the sets of blocks that others must beat."""
    return blocks in BASELINES


def blocks_label(study: Study, name: str) -> str:
    """A set of blocks in words, with its parts where the name does not tell them.

    A set `all` of clinical and radiomics is "all (clinical + radiomics)".
    """
    words = name.replace("_", " ")
    parts = study.blocks.get(name, ())
    if not parts or set(words.split()) - {"and", "plus", "with"} == set(parts):
        return " + ".join(parts) if len(parts) > 1 else words
    return f"{words} ({' + '.join(parts)})"


def combination_label(study: Study, score: Score) -> str:
    """Set of blocks and model of a score in words."""
    return f"{blocks_label(study, score.blocks)} with {model_label(score.model)}"


def gathered(metrics: Sequence[Metric], fold: str, folds: str) -> str:
    """How cases and folds are put together for these metrics. fold, folds: what one of them is called, and all.

    >>> from tasks.modelling.metrics.metric import METRICS
    >>> gathered([METRICS.parse("auc")], "centre", "centres")
    'Cases are compared within their centre only, then pairs of all centres are added up.'
    """
    ways = list(dict.fromkeys(metric.gathered for metric in metrics))
    told = [
        way if len(ways) == 1 else f"{' and '.join(m.title for m in metrics if m.gathered == way)}: {way}"
        for way in ways
    ]
    return " ".join(f"{capital(one)}." for one in told).format(fold=fold, folds=folds)
