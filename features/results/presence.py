"""presence: which images and regions the cases of a cohort have, and which they lack, by the words of the catalog."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.core.case import ROI
from features.results.manifest import Mart
from features.results.scan_name import ABSENT

NO_SUCH_ROI = "ROI_ABSENT"  # says that the patient has no such region
Rows = Iterable[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Presence:
    """How many cases of a centre have an image, or a region of it; `roi` is "" where the image is meant.

    cases: of the centre, whatever images they have.
    """

    centre: str
    image: str
    roi: str
    cases: int
    used: int = 0
    absent: int = 0
    rejected: int = 0

    @property
    def there(self) -> int:
        """Cases that have it, used or rejected."""
        return self.used + self.rejected

    @property
    def lacking(self) -> int:
        """Cases without it: of a region, without a voxel of it too."""
        return self.cases - self.there


def count_presence(scans: Rows, quarantine: Rows = (), warnings: Sequence[Mapping[str, Any]] = ()) -> list[Presence]:
    """A row for each centre and image that the cohort knows of, and for each region, those of an image below it.

    scans, quarantine, warnings: rows of these tables. Cases and images that the index rejected are in quarantine alone, words
    that no case has an image of in warnings. An image is used where any of its regions is.
    """
    states: dict[tuple[str, str, str], dict[str, str]] = defaultdict(dict)
    cases: dict[str, set[str]] = defaultdict(set)
    words: set[tuple[str, str]] = set()
    told = [*quarantine, *(row for row in warnings if row["code"] == NO_SUCH_ROI)]
    for row in [*scans, *({**row, "state": row["code"]} for row in told if row["stage"] == "index")]:
        if row["centre"] and row["case"].count(":") > 1:  # less is no case: a file that names no patient
            cases[row["centre"]].add(row["case"])
            for roi in {"", row["roi"]} if row["image"] else ():
                words.add((row["image"], roi))
                own = states[row["centre"], row["image"], roi]
                own[row["case"]] = min(own.get(row["case"], row["state"]), row["state"], key=_rank)
    words |= {(row["image"], "") for row in warnings if row["image"]}
    found = []
    for centre, own_cases in sorted(cases.items()):
        for image, roi in sorted(words):
            ranks = Counter(map(_rank, states[centre, image, roi].values()))
            found.append(Presence(centre, image, roi, len(own_cases), ranks[0], ranks[1], ranks[2]))
    return found


def read_presence(mart: Mart, cohort: str) -> list[Presence]:
    """What `count_presence` gives of a cohort; none where its cases have one image with one region, which nobody can miss.

    Raises StoreError if a table is damaged.
    """
    names = ["case", "centre", "image", "roi"]
    found = count_presence(
        mart.read("scans", cohort, [*names, "state"]).to_pylist(),
        *(mart.read(table, cohort, [*names, "stage", "code"]).to_pylist() for table in ("quarantine", "warnings")),
    )
    several = len({one.image for one in found}) > 1 or len({(one.image, one.roi) for one in found if one.roi}) > 1
    return found if several else []


def presence_columns(found: Iterable[Presence]) -> dict[str, list[str]]:
    """Columns of a table for people: image, ROI, then the centres, and all of them where there are several.

    A ROI without a name has no row: it is that of the image. A cell reads `38 of 40 (1 rejected)`: cases that have it, of all;
    and how many of those that have it were rejected.
    """
    rows: dict[tuple[str, str], dict[str, Presence]] = {}
    for one in (one for one in found if one.roi != ROI):
        rows.setdefault((one.image, one.roi), {})[one.centre] = one
    centres = list(dict.fromkeys(centre for own in rows.values() for centre in own))
    columns = {"image": [image for image, _ in rows], "ROI": [roi or "any" for _, roi in rows]}
    for centre in centres:
        columns[centre] = [_cell([own[centre]]) for own in rows.values()]
    if len(centres) > 1:
        columns["all"] = [_cell(list(own.values())) for own in rows.values()]
    return columns


def _cell(parts: list[Presence]) -> str:
    there, cases = (sum(getattr(one, name) for one in parts) for name in ("there", "cases"))
    said = {name: sum(getattr(one, name) for one in parts) for name in ("absent", "rejected")}
    more = ", ".join(f"{count} {name}" for name, count in said.items() if count)
    return f"{there} of {cases} ({more})" if more else f"{there} of {cases}"


def _rank(state: str) -> int:
    return 0 if state == "used" else 1 if state in (ABSENT, NO_SUCH_ROI) else 2
