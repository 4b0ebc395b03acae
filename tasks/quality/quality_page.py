"""The quality pages of a cohort: what came in, how it was acquired, what stands apart, and a picture of every scan."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from features.core.errors import StoreError
from features.core.quarantine import REASONS
from features.core.storage.place import remove_file, write_bytes
from features.core.storage.seal import page_bytes
from features.core.storage.store import Store
from features.results.accounts import file_flow, scan_flow
from features.results.check_scan import load_thumbnail
from features.results.manifest import Mart
from features.results.pages import page_mark
from features.results.prefixes import RESULT
from tasks.quality.distribution import Distribution, distributions, number
from tasks.quality.outliers import Outlier, find_outliers
from tasks.quality.registered_pairs import registered_section
from tasks.quality.scan_facts import ScanFacts, read_scan_facts
from tasks.reports.by_centre import CohortTable, variable_rows
from tasks.reports.page import render_page

IMAGES = 240  # of a page, up to 16 KB each: some 4 MB
MOST_IMAGES = 2000  # of all pages
MOST_OUTLIERS = 60
NOT_LISTED = ("voxels", "touches_border", "intensity_min", "intensity_max", "components")
OPEN = 120  # images up to which all centres stand open
_THREADS = 16


@dataclass(frozen=True)
class Card:
    """A scan with its thumbnail (PNG in base64, "" if there is none). marks: what is to be said of it, with its kind.

    result: the address of the scan's check and thumbnail.
    """

    id: str
    case: str
    centre: str
    modality: str
    png: str
    volume: str
    marks: tuple[tuple[str, str], ...]
    result: str = ""

    @property
    def name(self) -> str:
        """The case id without the cohort, which all share."""
        return self.case.split(":", 1)[1]

    @property
    def patient(self) -> str:
        """The pseudonym."""
        return self.case.split(":")[1]

    @property
    def when(self) -> str:
        """Time point and lesion."""
        return " ".join(self.case.split(":")[2:])

    @property
    def alt(self) -> str:
        """What the picture shows, in words."""
        size = f", ROI of {self.volume}" if self.volume else ""
        return f"{self.modality} of {self.name}: the slice where the ROI is largest, with its contour{size}"


@dataclass(frozen=True)
class Modality:
    """What is shown of the scans of one modality. same: facts that all scans share, with their value."""

    name: str
    acquisition: CohortTable
    varied: tuple[Distribution, ...]
    same: tuple[tuple[str, str], ...]


def write_quality(store: Store, cohort: str) -> None:
    """Write the pages of the newest refresh of a cohort; none of an older one is left.

    Raises StoreError if a table is damaged, or a page cannot be written.
    """
    pages = {store.quality(cohort, i): page for i, page in enumerate(render_quality(Mart.open(store), cohort), 1)}
    for place in reversed(pages):  # the first page last: it leads to the others
        write_bytes(place, page_bytes(pages[place]))
    for place in store.quality_pages(cohort):
        if place not in pages:
            remove_file(place)


def render_quality(mart: Mart, cohort: str, *, images: int = IMAGES) -> list[str]:
    """The pages as HTML: they load and run nothing. Equal tables give equal pages.

    The first holds all tables and figures and up to `images` pictures, those with something to say first, then centre by
    centre; each further one up to `images` more.
    """
    found = read_scan_facts(mart, cohort)
    outliers = find_outliers(found)
    refused = mart.read("quarantine", cohort).to_pylist()
    warnings = mart.read("warnings", cohort).to_pylist()
    cards = scan_cards(mart.store, found, outliers, warnings, MOST_IMAGES)
    cards.sort(key=lambda card: (not card.marks, card.centre))
    parts = [cards[start : start + images] for start in range(0, len(cards), images)] or [[]]
    links = [mart.store.quality(cohort, i).name for i in range(1, len(parts) + 1)]
    places = {
        (card.case, card.modality): f"{link if link != links[0] else ''}#{card.id}"
        for link, part in zip(links, parts, strict=True)
        for card in part
    }
    state = mart.manifest.cohorts[cohort]
    is_of_tables = not (state.files or state.scans)
    tables, people = _tables(mart, cohort) if is_of_tables else ([], {})
    page = partial(
        render_page,
        Path(__file__).with_name("quality.html"),
        cohort=cohort,
        state=state,
        refresh=state.refreshed,
        mark=page_mark(mart.manifest, cohort),
        patients=len(people) or found.scans["patient"].nunique(),
        centres=len({*people.values()}) or found.scans["centre"].nunique(),
        tables=tables,
        files=file_flow(state.files),
        flow=scan_flow(Counter(found.scans["centre"]), refused),
        reasons=[*_reasons(refused, "error"), *_reasons(warnings, "warning")],
        modalities=[_modality(found, name) for name in found.modalities],
        outliers=outliers[:MOST_OUTLIERS],
        outliers_left=len(outliers) - min(len(outliers), MOST_OUTLIERS),
        number=number,
        places=places,
        links=links,
        registered=registered_section(mart, cohort),
        left_out=len(found.scans) - len(cards),
        undrawn=sum(not card.png for card in cards),
    )
    return [
        page(
            shown=i,
            cards={centre: [c for c in part if c.centre == centre] for centre in sorted({c.centre for c in part})},
            opened=len(part) <= OPEN,
        )
        for i, part in enumerate(parts, 1)
    ]


def _tables(mart: Mart, cohort: str) -> tuple[list[dict[str, object]], dict[str, str]]:
    """A row for each table of patients, and the centre of each patient."""
    described = Counter(
        row["block"] for row in mart.read("dictionary", cohort).to_pylist() if row["role"] not in ("key", "fact")
    )
    read = {block: mart.read(block, cohort, ["patient", "centre"]) for block in mart.manifest.patient_blocks(cohort)}
    owners = {block: table["patient"].to_pylist() for block, table in read.items()}
    tables = Counter(patient for own in owners.values() for patient in {*own})
    rows: list[dict[str, object]] = [
        {
            "block": block,
            "rows": len(own),
            "patients": len({*own}),
            "alone": sum(tables[patient] == 1 for patient in {*own}) if len(owners) > 1 else 0,
            "columns": described[block],
        }
        for block, own in owners.items()
    ]
    centres = (dict(zip(owners[block], read[block]["centre"].to_pylist(), strict=True)) for block in owners)
    return rows, {patient: centre for found in centres for patient, centre in found.items()}


def scan_cards(
    store: Store, found: ScanFacts, outliers: Sequence[Outlier], warnings: Iterable[dict[str, object]], most: int
) -> list[Card]:
    """A card for each scan, those with something to say first, `most` at most."""
    apart = {(one.case, one.modality) for one in outliers}
    said: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
    for warning in warnings:
        said[str(warning["case"]), str(warning["modality"])][str(warning["code"])] = None
    found_scans: list[tuple[dict[str, Any], tuple[tuple[str, str], ...]]] = []
    for i, facts in enumerate(found.scans.to_dict("records")):
        row: dict[str, Any] = {**facts, "id": f"scan-{i}"}  # type: ignore[dict-item]
        key = row["case"], row["modality"]
        marks = [(row["state"], "error")] if row["state"] != "used" else []
        marks += [(code, "warning") for code in said.get(key, ())]
        marks += [("outlier", "note")] if key in apart else []
        found_scans.append((row, tuple(marks)))
    shown = sorted(found_scans, key=lambda pair: not pair[1])[:most]
    with ThreadPoolExecutor(_THREADS) as pool:
        pictures = list(pool.map(partial(_picture, store), [scan[RESULT] for scan, _ in shown]))
    cards = []
    for (scan, said_of), (png, lost) in zip(shown, pictures, strict=True):
        volume = float(scan.get("volume_ml") or "nan")
        size = f"{number(volume)} ml" if math.isfinite(volume) else ""
        said_now = (*said_of, *lost)
        cards.append(
            Card(scan["id"], scan["case"], scan["centre"], scan["modality"], png, size, said_now, scan[RESULT])
        )
    return cards


def _picture(store: Store, address: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """A scan's thumbnail, and what is to be said if it is damaged: `quality --draw` draws it again."""
    try:
        return load_thumbnail(store, address), ()
    except StoreError:
        return "", (("picture damaged", "warning"),)


def _modality(found: ScanFacts, name: str) -> Modality:
    scans = found.of(name)
    parts = {"All": scans, **{str(centre): part for centre, part in scans.groupby("centre")}}
    parts = {head: part.replace({"": None}).infer_objects() for head, part in parts.items()}
    facts = found.facts_of(name).values()
    texts = [fact for fact in facts if not fact.numeric]
    rows = [variable_rows(fact.label, fact.name, parts) for fact in texts if _is_known(parts["All"], fact.name)]
    numeric = [fact for fact in facts if fact.numeric and fact.name not in NOT_LISTED]
    rows += [variable_rows(fact.title, fact.name, parts) for fact in numeric if _is_known(parts["All"], fact.name)]
    varied, same = distributions(found, name)
    table = CohortTable(tuple(parts), tuple(row for some in rows for row in some))
    return Modality(name, table, tuple(varied), tuple(same))


def _is_known(part: pd.DataFrame, name: str) -> bool:
    return name in part and bool(part[name].notna().any())


def _reasons(rows: Iterable[dict[str, object]], severity: str) -> list[tuple[str, ...]]:
    """Severity, stage, code, number of rows, what it means, what to do."""
    counts = Counter((str(row["stage"]), str(row["code"])) for row in rows)
    found: list[tuple[str, ...]] = []
    for (stage, code), count in sorted(counts.items()):
        reason = REASONS.get(code)
        means, remedy = (reason.means.removeprefix("warning: "), reason.remedy) if reason else ("", "")
        found.append((severity, stage, code, str(count), means, remedy))
    return found
