"""Asked: what somebody says of tables of features, in the words of the command line."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from features.core.errors import RadweaveError

TargetKind = Literal["binary", "multiclass", "ordinal", "continuous"]
TimeUnit = Literal["days", "weeks", "months", "years"]


@dataclass(frozen=True)
class Asked:
    """Tables, their columns by name, and what is predicted: targets; `time` with `event`; or `time` with `cause`.

    ids: the column of the patient ids, in all tables or in each; its name may be empty.
    positive: the value of each target, or of `event`, that means yes. levels: those of an ordinal target, from low to high.
    test: the value of `split` that means held out. clinical: columns of the clinical block. leak_checked: columns that look
    like outcomes, and are none. exclude: shell patterns. external: tables of cohorts that models only predict.
    Raises RadweaveError where two of these contradict each other.
    """

    tables: tuple[Path, ...]
    ids: tuple[str, ...] = ()
    sheet: str = ""
    targets: tuple[str, ...] = ()
    kind: TargetKind | None = None
    positive: str = ""
    levels: tuple[str, ...] = ()
    time: str = ""
    event: str = ""
    cause: str = ""
    time_unit: TimeUnit | None = None
    censored: str = ""
    of_interest: str = ""
    centre: str = ""
    split: str = ""
    test: str = ""
    clinical: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    leak_checked: tuple[str, ...] = ()
    external: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        if not self.ids:
            raise RadweaveError(
                "which column holds the patient ids? Give --id COLUMN; --id '#' if each row is a patient"
            )
        if len(self.ids) not in (1, len(self.tables)):
            raise RadweaveError(f"--id is given {len(self.ids)} times: give it once, or once for each --table")
        files = [path.resolve() for path in (*self.tables, *self.external)]
        if len(set(files)) < len(files):
            raise RadweaveError("--table, --external: one file is given twice")
        if self.external and len(self.tables) > 1:
            raise RadweaveError("--external goes with a single --table, whose columns the external table has, too")
        if not self.targets and not self.time:
            raise RadweaveError(
                "what is to be predicted? Give --target COLUMN, or --time COLUMN with --event COLUMN (or --cause COLUMN)"
            )
        if self.targets and self.time:
            raise RadweaveError("--target and --time: a study predicts one of them; leave the other one out")
        if self.time and bool(self.event) == bool(self.cause):
            raise RadweaveError(
                "--time goes with --event COLUMN (was it seen?), or with --cause COLUMN (which of several was it?)"
            )
        target, event = bool(self.targets), bool(self.event)
        for option, given, wanted, fits in (
            ("--kind", self.kind, "--target", target),
            ("--levels", self.levels, "--target", target),
            ("--positive", self.positive, "--target or --event", target or event),
            ("--event", self.event, "--time", not target),
            ("--cause", self.cause, "--time", not target),
            ("--time-unit", self.time_unit, "--time", not target),
            ("--censored", self.censored, "--cause", bool(self.cause)),
            ("--of-interest", self.of_interest, "--cause", bool(self.cause)),
            ("--test", self.test, "--split", bool(self.split)),
        ):
            if given and not fits:
                raise RadweaveError(f"{option} goes with {wanted}, which is not given")
        if len(self.targets) > 1 and (self.kind or self.levels):
            raise RadweaveError("--kind and --levels go with a single --target; each of several is yes or no")
        if self.levels and self.kind not in (None, "ordinal", "multiclass"):
            raise RadweaveError(f"--levels goes with --kind ordinal or multiclass; found {self.kind}")
        if self.positive and self.kind not in (None, "binary"):
            raise RadweaveError(f"--positive goes with --kind binary; found {self.kind}")

    def id_of(self, table: Path) -> str:
        """The column of the ids of a table."""
        return self.ids[self.tables.index(table)] if len(self.ids) > 1 else self.ids[0]

    def excludes(self, column: str) -> bool:
        """Whether a column is left out by name or pattern."""
        return any(fnmatchcase(column, one) for one in self.exclude)

    @property
    def named(self) -> tuple[str, ...]:
        """All columns that are named but that of the ids, each once."""
        return tuple(dict.fromkeys(filter(None, (*self.outcomes, self.centre, self.split, *self.clinical))))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """The columns of what is predicted."""
        return tuple(filter(None, (*self.targets, self.time, self.event, self.cause)))
