"""The words of a report that ask nothing of models and metrics: for columns, splits and names, whatever a study does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tasks.modelling.evaluation.result import HeldOut, StudyResult

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


def first_sentence(text: str | None) -> str:
    """The first line of what a kind says of itself; it ends with a full stop."""
    line = (text or "").strip().split("\n")[0]
    return line if line.endswith(".") else f"{line}."
