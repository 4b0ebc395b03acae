"""Accounts: where the files and the scans of a cohort went; every one is counted once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from features.results.scan_name import SCAN


def file_flow(files: Mapping[str, int]) -> list[dict[str, Any]]:
    """Files found, and what became of them: used, merged, ignored for a reason, quarantined, withdrawn.

    files: what became of them → how many, as a refresh counted them; in = the sum.
    """
    order = ("used", "merged", "ignored", "quarantined", "withdrawn")
    names = sorted(
        files, key=lambda name: (order.index(name.split("_")[0]) if name.split("_")[0] in order else 9, name)
    )
    rows = [{"files": name.replace("_", ": ", 1).replace("_", " "), "count": files[name]} for name in names]
    return [{"files": "found", "count": sum(files.values())}, *rows] if files else []


def scan_flow(
    indexed: Mapping[str, int],
    quarantine: Sequence[Mapping[str, Any]],
    absent: Mapping[str, int] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Scans in, used, absent (if any is) and quarantined by reason, a row per centre and one for all.

    in = used + absent + quarantined. indexed: centre → scans of the index; absent: of these, those of regions that the patient
    has not. quarantine: rows of the quarantine table; a scan counts with its first reason.
    """
    first: dict[object, tuple[str, str, str]] = {}
    for i, row in enumerate(row for row in quarantine if row["stage"] != "tables"):
        key = i if row["stage"] == "index" else tuple(row[name] for name in SCAN)
        first.setdefault(key, (row["centre"], row["stage"], row["code"]))
    found = []
    for centre in [*sorted({*indexed, *(centre for centre, _, _ in first.values())}), ""]:
        out = [(stage, code) for where, stage, code in first.values() if centre in ("", where)]
        scans, none = (sum(n for where, n in counts.items() if centre in ("", where)) for counts in (indexed, absent))
        scans += sum(stage == "index" for stage, _ in out)
        reasons = sorted(Counter(code for _, code in out).items())
        found.append(
            {
                "centre": centre or "all",
                "scans in": scans,
                "used": scans - none - len(out),
                **({"absent": none} if any(absent.values()) else {}),
                "quarantined": len(out),
                "reasons": ", ".join(f"{code} {count}" for code, count in reasons) or "–",
            }
        )
    return found
