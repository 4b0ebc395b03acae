"""What was done, in words that a paper can take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from features.core.wording import counted
from tasks.reports.association_rows import CORRECTIONS, effect_label
from tasks.reports.association_section import AssociationFindings, AssociationSection
from tasks.reports.plain_labels import first_sentence


class Methods(AssociationSection):
    """Columns, variables, effects, correction, missing values, centres."""

    kind: Literal["methods"] = "methods"
    order: ClassVar[int] = 60
    is_shared: ClassVar[bool] = True

    def content(self, found: AssociationFindings) -> Mapping[str, object]:
        return {"methods": [{"lead": lead, "text": text} for lead, text in paragraphs(found)]}


def paragraphs(found: AssociationFindings) -> list[tuple[str, str]]:
    """Heading and text of each."""
    study, result = found.study, found.result
    columns = "; ".join(f"{block}, {counted(len(own), 'column')}" for block, own in result.blocks.items())
    recipes = f" Image features follow {', '.join(study.recipes)}." if study.recipes else ""
    late = f" {counted(len(result.late), 'column')} known later were left out." if result.late else ""
    visits = (
        f" Each visit up to {study.measured_at} is a row, with what was known by then."
        if study.visits == "each"
        else f" Columns are of {study.measured_at}."
    )
    variables = "; ".join(
        f"{found.variable(one.word)} ({one.kind.replace('_', '-')}): {one.counted}" for one in result.variables
    )
    words = {one.word: first_sentence(type(one).__doc__).replace("`", "") for one in study.effects}
    effects = " ".join(f"{effect_label(found, word)}: {said}" for word, said in words.items())
    bh = (
        "the expected share of false ones among the discoveries"
        if study.correction == "bh"
        else "the chance of any false claim"
    )
    return [
        ("Columns", f"{columns}.{recipes}{visits}{late}"),
        *([("Variables", f"{variables}.")] if variables else []),
        ("Effects", effects),
        (
            "Correction",
            f"{counted(result.tests, 'test')} over all columns, variables and effects were corrected together after "
            f"{CORRECTIONS[study.correction]}: up to {study.alpha:g} it bounds {bh}. Intervals are of 95 % and not corrected.",
        ),
        (
            "Missing values",
            "Nothing is filled in. A test is of the cases that have its column, its variable and what it holds fixed, at least "
            f"{study.least_cases}; n and those left out add up to the cases of the study in every row.",
        ),
        (
            "Several rows",
            "Of patients who are copies of one another the first counts. No effect counts rows of one patient as independent: "
            "where a patient has several, mixed models alone are measured.",
        ),
        (
            "Centres",
            "Each effect is measured in each centre as well; I² and Cochran’s Q compare them on the scale on which they are nearly "
            "normal (Fisher’s z of correlations, logit of an AUC, logarithm of a hazard ratio).",
        ),
        (
            "Prediction",
            "None. No model was fitted that is used again, and no score of new cases follows from this page.",
        ),
    ]
