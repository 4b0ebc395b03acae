"""What a catalog says wrongly of its visits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from features.core.catalog.row_columns import CentreColumn
from features.core.catalog.visits import TimepointCodes, TimepointTag, VisitTable
from features.core.errors import Fault, did_you_mean
from features.core.yaml import Document, Loc


def date_faults(
    document: Document,
    loc: Loc,
    given: TimepointTag | TimepointCodes | None,
    timepoints: Collection[str],
    planned: Collection[str],
) -> Iterator[Fault]:
    """Time points that are found by dates alone: all of them have planned days, or none but the first has."""
    if given is None or not given.is_by_date or {*timepoints} <= {*planned}:
        return
    if len(planned) > 1 or (planned and next(iter(timepoints)) not in planned):
        what = "dates alone cannot tell time points of which some have planned days and others have none"
        hint = "give all of them `every`, or tell them by a tag or by codes"
        yield Fault(document.where((*loc, "date")), what, f"planned: {', '.join(planned)}", hint=hint)


def within_faults(
    document: Document, loc: Loc, given: Sequence[TimepointTag | TimepointCodes | None]
) -> Iterator[Fault]:
    """Sources whose time points dates alone tell, and that do not agree on how many days a visit lasts.

    A visit of a patient may have images of several sources.
    """
    by_date = [(i, one.within_days) for i, one in enumerate(given) if one is not None and one.is_by_date]
    for i, days in by_date[1:]:
        if days != by_date[0][1]:
            where, first = document.where((*loc, i, "timepoint")), by_date[0]
            what = f"within_days is not that of images.{first[0]}, whose dates tell visits, too"
            yield Fault(where, what, f"{days}", f"{first[1]}")


def visit_faults(
    document: Document,
    loc: Loc,
    tables: Sequence[VisitTable],
    timepoints: Collection[str],
    centres: Collection[str],
    *,
    centre_in_ids: bool,
) -> Iterator[Fault]:
    """Words of the tables of visits that nobody declares. centre_in_ids: whether ids begin with the centre."""

    def known(place: Loc, what: str, word: str, words: Collection[str]) -> Iterator[Fault]:
        if word not in words:
            where, hint = document.where((*loc, *place)), did_you_mean(word, words)
            yield Fault(where, f"unknown {what}", f'"{word}"', ", ".join(words), hint)

    for i, table in enumerate(tables):
        for code, word in table.timepoint.codes.items():
            yield from known((i, "timepoint", "codes", code), "time point", word, timepoints)
        for centre in table.centre.codes.values() if isinstance(table.centre, CentreColumn) else [table.centre]:
            if centre is not None:
                yield from known((i, "centre"), "centre", centre, centres)
        if table.centre is None and centre_in_ids and len(centres) > 1:
            what, hint = "the table does not name its centre", "the centre, or its column: {column: NAME}"
            yield Fault(document.where((*loc, i)), what, "", ", ".join(centres), hint)
