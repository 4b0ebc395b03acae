"""What a catalog says wrongly of one source: keywords and patterns of DICOM, a PACS, codes of a column."""

from __future__ import annotations

import re
from collections.abc import Iterator

from features.core.catalog.image_source import DicomSource
from features.core.catalog.pacs_source import PacsSource, url_fault
from features.core.catalog.series_choice import Choice, choice_fault
from features.core.catalog.table_source import ColumnSource, Variable
from features.core.dicom_keywords import dicom_keywords
from features.core.errors import Fault, did_you_mean
from features.core.yaml import Document, Loc


def keyword_faults(document: Document, loc: Loc, source: DicomSource) -> Iterator[Fault]:
    """DICOM keywords that there are not, and patterns that are none."""
    own = source.timepoint
    keywords: dict[Loc, str] = {("timepoint", "tag"): own.tag} if own and own.tag else {}
    keywords |= {("timepoint", "date"): own.date} if own and own.date else {}
    rules: dict[Loc, dict[str, Choice]] = {("select",): source.select, ("ignore",): source.ignore}
    if isinstance(source.image, dict):
        rules |= {("image", word): patterns for word, patterns in source.image.items()}
    keywords |= {(*rule, keyword): keyword for rule, patterns in rules.items() for keyword in patterns}
    if not keywords:
        return
    known = dicom_keywords()
    for place, keyword in keywords.items():
        if keyword not in known:
            hint = did_you_mean(keyword, known)
            yield Fault(document.where((*loc, *place)), "unknown DICOM keyword", f'"{keyword}"', hint=hint)
    for rule, patterns in rules.items():
        for keyword, choice in patterns.items():
            if fault := choice_fault(choice):
                where = document.where((*loc, *rule, keyword))
                yield Fault(where, f"the pattern is no regular expression: {fault}", f'"{choice}"')


def pacs_faults(document: Document, loc: Loc, pacs: PacsSource) -> Iterator[Fault]:
    """Faults that are told without the value: it may be a password."""
    if wrong := url_fault(pacs.url):
        hint = "credentials come from RADWEAVE_PACS_USER and RADWEAVE_PACS_PASSWORD, or from a Prefect block"
        yield Fault(document.where((*loc, "url")), f"the URL of the PACS {wrong}", "", "https://host[:port]/path", hint)
    try:
        re.compile(pacs.description)
    except re.error as error:
        place = document.where((*loc, "description"))
        yield Fault(place, "the description is no regular expression", f'"{pacs.description}"', "", str(error))


def code_faults(document: Document, loc: Loc, source: ColumnSource, variable: Variable) -> list[Fault]:
    where = document.where(loc)
    if source.start and variable.type != "number":
        return [Fault(where, "the days between two dates are a number", variable.type, "number")]
    if variable.type == "number":
        return [Fault(where, "codes do not go with the type number")] if source.codes else []
    if variable.type == "flag":
        wrong = [str(code) for code in source.codes.values() if not isinstance(code, bool)]
        allowed = ["true", "false"]
    else:
        wrong = [str(code) for code in source.codes.values() if code not in variable.levels]
        allowed = list(variable.levels)
    return [
        Fault(where, "a code means an unknown level", f'"{w}"', ", ".join(allowed), did_you_mean(w, allowed))
        for w in wrong
    ]
