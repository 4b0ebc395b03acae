"""The quarantine codes of tables, and what each means; `features.core.quarantine` has them all."""

from __future__ import annotations

from features.core.reason import Reason

TABLE_REASONS: dict[str, Reason] = {
    "TAB_TIME": Reason(
        "a survival time is negative, or it is missing or zero where an event state is given", "correct the dates"
    ),
    "TAB_ORDER": Reason(
        "days of a patient contradict each other: an event or a visit before the start, after death or after the last contact, "
        "or visits not in the order of time",
        "correct the dates of the columns that the message names",
    ),
    "TAB_EVENT": Reason(
        "the day of an event is given where its flag says that there was none", "correct the day or the flag"
    ),
    "TAB_TIES": Reason(
        "two competing causes are on one day", "correct the days, or say in the catalog that the first one named counts"
    ),
    "TAB_RECIST": Reason(
        "target lesions are against RECIST 1.1: too small at baseline, over two of an organ, or without a baseline",
        "correct the diameters, or the smallest ones in the catalog",
    ),
    "TAB_NOT_DERIVED": Reason(
        "warning: an outcome could not be derived for patients of a centre",
        "none where the reason is expected, as at a landmark; else check the columns that it is made of",
    ),
    "TAB_RANGE": Reason("a value lies outside the range that the catalog allows", "correct the value, or the range"),
    "TAB_TIME_UNIT": Reason(
        "warning: a centre's median survival time is over ten times that of most others, or under a tenth",
        "check whether days and months were mixed up",
    ),
    "TAB_UNITS": Reason(
        "warning: a centre's median of a number is over five times that of most others, or under a fifth",
        "check the unit that the table declares",
    ),
    "TAB_MISSING": Reason(
        "warning: more than half of a centre's patients have no value", "check column, codes and export"
    ),
    "TAB_LEFT_OUT": Reason(
        "warning: columns of a ready-made table that a pattern took are not in its block",
        "none where they describe the extraction; else declare texts in categories with their levels, or exclude them",
    ),
    "TAB_OUTCOME_NAME": Reason(
        "warning: genomic columns are named as outcomes are",
        "look whether they are genes, as EFS and OS9 are; name the others in no pattern, or checked ones in leak_checked",
    ),
}
