"""The store: where results live. Per-case results are addressed by what they were computed from and never change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from features.core.quarantine import Rejected
from features.core.table import read_provenance, read_table, write_table

Values = Mapping[str, float | str]


@dataclass(frozen=True)
class Store:
    """Paths below one root, and the per-case results in work/."""

    root: Path

    def index(self, cohort: str) -> Path:
        return self.root / "index" / f"cohort={cohort}" / "scans.parquet"

    def mart(self, block: str, cohort: str) -> Path:
        return self.root / "mart" / block / f"cohort={cohort}" / "part-0.parquet"

    @property
    def dictionary(self) -> Path:
        return self.root / "mart" / "dictionary.parquet"

    @property
    def manifest(self) -> Path:
        return self.root / "mart" / "manifest.json"

    def quarantine(self, cohort: str) -> Path:
        return self.root / "quarantine" / f"cohort={cohort}" / "cases.parquet"

    def refresh(self, cohort: str) -> Path:
        return self.root / "refreshes" / f"{cohort}.json"

    def study(self, name: str, digest: str) -> Path:
        return self.root / "studies" / name / digest[:16]

    def work(self, block: str, digest: str) -> Path:
        return self.root / "work" / block / digest[:2] / f"{digest}.parquet"

    def has(self, block: str, digest: str) -> bool:
        """Whether a per-case result is there (a rejection is a result too)."""
        return self.work(block, digest).is_file()

    def save(self, block: str, digest: str, result: Values | Rejected, provenance: Mapping[str, str]) -> None:
        """Keep a per-case result: one row per value, or none and the rejection in the provenance."""
        provenance = dict(provenance)
        values: Values = {}
        if isinstance(result, Rejected):
            rejected = {"code": result.code, "message": result.message, "details": result.details}
            provenance["rejected"] = json.dumps(rejected, sort_keys=True)
        else:
            values = result
        numbers = [value if not isinstance(value, str) else None for value in values.values()]
        texts = [value if isinstance(value, str) else None for value in values.values()]
        columns = [pa.array(list(values), pa.string()), pa.array(numbers, pa.float64()), pa.array(texts, pa.string())]
        write_table(self.work(block, digest), pa.table(columns, names=["name", "value", "text"]), provenance)

    def load(self, block: str, digest: str) -> dict[str, float | str] | Rejected:
        """A per-case result. Raises StoreError if it is missing or damaged."""
        path = self.work(block, digest)
        rejected = read_provenance(path).get("rejected")
        if rejected:
            row = json.loads(rejected)
            return Rejected(row["code"], row["message"], **row["details"])
        table = read_table(path).to_pydict()
        rows = zip(table["name"], table["value"], table["text"], strict=True)
        return {name: value if text is None else text for name, value, text in rows}
