"""Files of outcomes under two paths: a link, or a copy to the byte, hides no outcome among the predictors."""

from __future__ import annotations

import filecmp
from pathlib import Path

from features.core.catalog.catalog import Cohort
from features.core.catalog.outcome_source import HINT, is_same_path, misread_outcomes
from features.core.catalog.table_source import TextSource
from features.core.errors import Fault


def outcome_file_faults(root: Path, cohort: Cohort) -> list[Fault]:
    """Columns that are outcomes in one table and predictors in another of the same file under another path.

    Those under one path are faults of the catalog. Files that cannot be read are not compared: their readers say why.
    """
    same: dict[tuple[str, str], bool] = {}

    def is_same_file(one: TextSource, other: TextSource) -> bool:
        if is_same_path(one, other):
            return False
        key = one.path, other.path
        if key not in same:
            try:
                paths = [(root / path).resolve(strict=True) for path in key]
                same[key] = paths[0].samefile(paths[1]) or filecmp.cmp(paths[0], paths[1], shallow=False)
            except OSError:
                same[key] = False
        return same[key]

    return [
        Fault(cohort.tables[found.table].path, found.what, "the same file under another path", hint=HINT)
        for found in misread_outcomes(cohort.tables, cohort.variables, is_same_file)
    ]
