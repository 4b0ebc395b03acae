"""The words that the report uses for splits, metrics, models and sets of blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.modelling.evaluation.comparison import BASELINES
from tasks.modelling.evaluation.result import HeldOut, Score, StudyResult
from tasks.modelling.evaluation.study import Study
from tasks.modelling.metrics.metric import METRICS, Metric

NESTED, CENTRE_OUT, EXTERNAL, GIVEN = "nested", "centre_out", "external", "given"
BOOTSTRAP = "bootstrap_632_plus"
WITHIN = "centre"  # Score.within where only cases of one centre were compared with each other
_SPLITS = {
    NESTED: "nested cross-validation",
    CENTRE_OUT: "leave-one-centre-out",
    EXTERNAL: "external validation",
    GIVEN: "the given split",
    "internal_external": "leave-one-cohort-out",
    "temporal": "temporal validation",
    BOOTSTRAP: "bootstrap .632+",
}
_SPELLING = {
    "lasso": "LASSO",
    "bayes": "Bayes",
    "svm": "SVM",
    "cox": "Cox",
    "coxnet": "Coxnet",
    "mrmr": "mRMR",
    "combat": "ComBat",
    "aft": "AFT",
    "gray": "Gray",
    "deepsurv": "DeepSurv",
}


def split_label(kind: str) -> str:
    """A split in words; an unknown kind by its own name.

    >>> split_label("centre_out")
    'leave-one-centre-out'
    """
    return _SPLITS.get(kind, kind.replace("_", " "))


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


def capital(text: str) -> str:
    """A text that begins with a capital."""
    return text[:1].upper() + text[1:]


def held_out_label(split: str, cohort: str) -> str:
    """Held-out cases of a cohort in words.

    >>> held_out_label("external", "maastro"), held_out_label("given", "oslo")
    ('maastro (external)', 'oslo (test cases)')
    """
    return f"{cohort} ({'external' if split == EXTERNAL else 'test cases'})" if cohort else split_label(split)


def model_label(kind: str) -> str:
    """A model in words.

    >>> model_label("lasso_logistic"), model_label("random_forest")
    ('LASSO logistic', 'Random forest')
    """
    words = [_SPELLING.get(word, word) for word in kind.split("_")]
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


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


def feature_label(feature: str, variables: Mapping[str, str]) -> str:
    """The label of a design column: its own, its clinical variable's (with the level), or the column's name."""
    bare = feature.removeprefix("clinical__")
    for name in (feature, bare):
        if name in variables:
            return variables[name]
    owners = [name for name in variables if bare.startswith(f"{name}_")] if bare != feature else []
    if owners:
        owner = max(owners, key=len)
        return f"{variables[owner]}: {bare.removeprefix(owner + '_')}"
    return feature


def variable_label(name: str, unit: str) -> str:
    """A variable in words with its unit, which its name may end with.

    >>> variable_label("age_years", "years"), variable_label("smoking_pack_years", "pack-years"), variable_label("stage", "")
    ('age (years)', 'smoking (pack-years)', 'stage')
    >>> variable_label("days", "days"), variable_label("psa", "ng/ml")
    ('days', 'psa (ng/ml)')
    """
    words, ending = name.split("_"), unit.replace("-", " ").replace("_", " ").split()
    if words == ending:
        return " ".join(words)
    if ending and words[-len(ending) :] == ending:
        words = words[: -len(ending)]
    return " ".join(words) + (f" ({unit})" if unit else "")


def held_out_parts(result: StudyResult) -> list[tuple[str, HeldOut]]:
    """The cohorts of held-out cases, each under its label."""
    return [(held_out_label(EXTERNAL if one.role == EXTERNAL else GIVEN, one.cohort), one) for one in result.held_out]


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


def first_sentence(text: str | None) -> str:
    """The first line of what a kind says of itself; it ends with a full stop."""
    line = (text or "").strip().split("\n")[0]
    return line if line.endswith(".") else f"{line}."
