"""The page of the demo: what was planted in the cohort beside what was found."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from features.core.quarantine import REASONS
from flows.planted import FoundFault, Genes, Patients, Signal
from tasks.reports.page import render_page


def write_planted_page(
    path: Path,
    patients: Patients,
    faults: Sequence[FoundFault],
    signals: Sequence[Signal],
    genes: Genes,
    pages: Mapping[str, Path],
) -> None:
    """Write the page; it loads and runs nothing. `pages`: label and place of what it links to, below the page's folder."""
    there = [one for one in faults if not one.mended]
    text = render_page(
        Path(__file__).with_name("planted.html"),
        patients=patients,
        faults=[(one, REASONS[one.code].remedy) for one in faults],
        planted=len(there),
        found=sum(one.found for one in there),
        signals=[(one, one.shown) for one in signals],
        genes=genes,
        pages=[(label, quote(place.relative_to(path.parent).as_posix())) for label, place in pages.items()],
    )
    path.write_text(text, encoding="utf-8")
