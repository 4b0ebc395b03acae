"""Published: what the newest refresh of a cohort left, as its manifest tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.results.manifest import Manifest
from features.results.schemas import FIXED


@dataclass(frozen=True)
class Published:
    """What a refresh left: scans in = used + absent + quarantined + withdrawn; the number of the refresh, and whether it is new."""

    cohort: str
    refresh: int
    changed: bool
    scans: int
    used: int
    quarantined: Mapping[str, int]
    withdrawn: int = 0
    warned: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, int] = field(default_factory=dict)
    absent: int = 0

    def __post_init__(self) -> None:
        if self.scans != self.used + self.absent + sum(self.quarantined.values()) + self.withdrawn:
            counts = f"{self.used} used, {self.absent} absent, {self.withdrawn} withdrawn, quarantined {dict(self.quarantined)}"
            raise AssertionError(f"{self.scans} scans in, {counts}")


def published_of(cohort: str, manifest: Manifest, *, changed: bool) -> Published:
    """What the newest refresh of a cohort left."""
    state, fixed = manifest.cohorts[cohort], {schema.name for schema in FIXED}
    return Published(
        cohort,
        state.refreshed,
        changed,
        state.scans,
        state.used,
        state.quarantined,
        state.withdrawn,
        state.warned,
        {name: file.rows for name, file in manifest.of_cohort(cohort).items() if name not in fixed},
        state.files,
        state.absent,
    )
