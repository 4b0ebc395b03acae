"""The quality pages of a cohort: what came in, how it was acquired, what stands apart, and a picture of every scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from features.core.case import WHOLE_IMAGE
from features.core.quarantine import REASONS
from features.core.storage.place import remove_file, write_bytes
from features.core.storage.seal import page_bytes
from features.core.storage.store import Store
from features.images.thumbnail import OTHERS
from features.results.accounts import file_flow, scan_flow
from features.results.manifest import Mart
from features.results.pages import page_mark
from features.results.presence import presence_columns, read_presence
from features.results.scan_name import ABSENT
from tasks.quality.cards import Visit, contour_colours, css, make_visits
from tasks.quality.distribution import number
from tasks.quality.image_facts import image_facts
from tasks.quality.outliers import find_outliers
from tasks.quality.reader_agreement import reader_section
from tasks.quality.registered_pairs import registered_section
from tasks.quality.scan_facts import read_scan_facts
from tasks.reports.page import render_page

IMAGES = 240  # of a page, up to 16 KB each: some 4 MB
MOST_IMAGES = 2000  # of all pages, and the rest of the last visit
MOST_OUTLIERS = 60
OPEN = 120  # images up to which all centres stand open


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

    The first holds all tables and figures and some `images` pictures, visits with something to say first, then centre by
    centre; each further one as many more. A visit is never torn.
    """
    found = read_scan_facts(mart, cohort)
    outliers = find_outliers(found)
    refused = mart.read("quarantine", cohort).to_pylist()
    warnings = mart.read("warnings", cohort).to_pylist()
    visits = make_visits(mart.store, found, outliers, warnings, MOST_IMAGES)
    visits.sort(key=lambda visit: (not visit.is_marked, visit.first.centre))
    parts = list(_paged(visits, images)) or [[]]
    links = [mart.store.quality(cohort, i).name for i in range(1, len(parts) + 1)]
    places = {
        (card.case, card.image): f"{link if link != links[0] else ''}#{card.id}"
        for link, part in zip(links, parts, strict=True)
        for visit in part
        for card in visit.cards
    }
    shown_cards = [card for visit in visits for card in visit.cards if card.there]
    words = {*found.images, *(card.image for visit in visits for card in visit.cards)}
    state = mart.manifest.cohorts[cohort]
    is_of_tables = not (state.files or state.scans)
    tables, people = _tables(mart, cohort) if is_of_tables else ([], {})
    absent = Counter(found.scans.loc[found.scans["state"] == ABSENT, "centre"])
    presence = read_presence(mart, cohort)
    colours = contour_colours(found.rois)
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
        flow=scan_flow(Counter(found.scans["centre"]), refused, absent),
        presence=_table(presence_columns(presence)) if presence else (),
        reasons=[*_reasons(refused, "error"), *_reasons(warnings, "warning")],
        images=image_facts(found),
        words={word: i for i, word in enumerate(sorted(words), 1)},
        places_of={centre: i for i, centre in enumerate(sorted(found.scans["centre"].unique()), 1)},
        legend=[(roi, css(colour)) for roi, colour in colours.items() if roi != WHOLE_IMAGE] if found.is_named else [],
        others=css(OTHERS),
        outliers=outliers[:MOST_OUTLIERS],
        outliers_left=len(outliers) - min(len(outliers), MOST_OUTLIERS),
        number=number,
        places=places,
        links=links,
        readers=reader_section(mart, cohort),
        registered=registered_section(mart, cohort),
        left_out=len(found.scans.drop_duplicates(["case", "image"])) - len(shown_cards),
        undrawn=sum(not card.png for card in shown_cards),
    )
    return [
        page(
            shown=i,
            visits={centre: [one for one in part if one.first.centre == centre] for centre in _centres(part)},
            opened=sum(visit.pictures for visit in part) <= OPEN,
        )
        for i, part in enumerate(parts, 1)
    ]


def _paged(visits: Iterable[Visit], images: int) -> Iterator[list[Visit]]:
    """Visits page by page: up to so many pictures, or one visit that has more."""
    page: list[Visit] = []
    count = 0
    for visit in visits:
        if page and count + visit.pictures > images:
            yield page
            page, count = [], 0
        page.append(visit)
        count += visit.pictures
    if page:
        yield page


def _table(columns: Mapping[str, Sequence[str]]) -> tuple[list[str], list[tuple[str, ...]]]:
    """The heads and the rows of columns."""
    return [*columns], list(zip(*columns.values(), strict=True))


def _centres(visits: Iterable[Visit]) -> list[str]:
    return sorted({visit.first.centre for visit in visits})


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


def _reasons(rows: Iterable[dict[str, object]], severity: str) -> list[tuple[str, ...]]:
    """Severity, stage, code, number of rows, what it means, what to do."""
    counts = Counter((str(row["stage"]), str(row["code"])) for row in rows)
    found: list[tuple[str, ...]] = []
    for (stage, code), count in sorted(counts.items()):
        reason = REASONS.get(code)
        means, remedy = (reason.means.removeprefix("warning: "), reason.remedy) if reason else ("", "")
        found.append((severity, stage, code, str(count), means, remedy))
    return found
