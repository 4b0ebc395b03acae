"""What a run shows in the UI: progress, flow of scans, quarantine, features, scores. No names, ids, paths or UIDs."""

import base64
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import UUID

import pandas as pd
from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)
from prefect.context import FlowRunContext
from prefect.logging import get_run_logger

from features.core.quarantine import REASONS
from features.core.storage.place import open_place, read_bytes
from features.core.storage.seal import read_sealed
from features.core.storage.store import Store
from features.core.storage.table import read_table
from features.core.wording import counted
from features.results.accounts import file_flow, scan_flow
from features.results.manifest import Mart
from features.results.presence import presence_columns, read_presence
from features.results.published import Published
from features.results.runs import read_run
from features.results.scan_name import ABSENT
from flows.association_table import association_cells, is_association, tested_rows
from flows.serving.address import PAGES, page_address

T = TypeVar("T")
UPDATE_SECONDS = 3.0
MOST_IMAGES, GRID_COLUMNS = 24, 6
MOST_ROWS = 500  # of a table: the UI is for looking, the store for counting


class Board:
    """The artifacts of the flow run that is under way; outside a flow run nothing happens.

    An artifact that cannot be kept is said once; the run goes on without any further ones.
    """

    def __init__(self) -> None:
        self._open = FlowRunContext.get() is not None
        self._bars: dict[str, tuple[UUID, float]] = {}

    def progress(self, what: str, done: int, total: int) -> None:
        """A bar per step, and a line of the log each time that it moves."""
        now = time.monotonic()
        bar, moved = self._bars.get(what, (None, 0.0))
        if not self._open or (bar and done < total and now - moved < UPDATE_SECONDS):
            return
        get_run_logger().info("%s: %d of %d", what, done, total)
        percent = 100.0 * done / total if total else 100.0
        if bar is None:
            key = "progress-" + _slug(what)
            bar = cast(UUID | None, self._keep(lambda: create_progress_artifact(percent, key=key, description=what)))
        else:
            self._keep(lambda: update_progress_artifact(bar, percent))
        if bar is not None:
            self._bars[what] = (bar, now)

    def refreshed(self, published: Published, store: Store) -> None:
        """Flow of scans per centre, the quarantine, and what the mart holds now."""
        if not self._open:
            return
        cohort, mart = published.cohort, Mart.open(store)
        rows = mart.read("quarantine", cohort).to_pylist()
        scans = mart.read("scans", cohort, ["centre", "state"]).to_pylist()
        absent = Counter(scan["centre"] for scan in scans if scan["state"] == ABSENT)
        flow = scan_flow(Counter(scan["centre"] for scan in scans), rows, absent)
        said = f"{counted(published.scans, 'scan')} in, {published.used} used, refresh {published.refresh}"
        self._table(f"scans-{_slug(cohort)}", flow, f"Flow of scans of {cohort}: {said}")
        found = sum(published.files.values())
        self._table(f"files-{_slug(cohort)}", file_flow(published.files), f"Flow of files of {cohort}: {found} found")
        if presence := read_presence(mart, cohort):
            columns = presence_columns(presence)
            cells = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            self._table(f"images-{_slug(cohort)}", cells, f"Images and ROIs of {cohort}: cases that have them")
        shown = [
            {
                **{name: row[name] for name in ("run", "centre", "case", "image", "roi", "stage", "code")},
                **_reason(row["code"]),
            }
            for row in rows[:MOST_ROWS]
        ]
        left = f"; the first {MOST_ROWS} of {counted(len(rows), 'row')}" if len(rows) > MOST_ROWS else ""
        self._table(f"quarantine-{_slug(cohort)}", shown, f"Quarantine of {cohort}: {counted(len(rows), 'row')}{left}")
        features = feature_summary(mart, cohort)
        self._table(f"features-{_slug(cohort)}", features, f"Features of {cohort} in the mart")
        page = store.quality(cohort)
        way = self._way(page, store.root, f"quality of {cohort}")
        if published.changed:
            grid, what = quality_grid(mart, cohort, way), f"Quality of {cohort} at a glance: {page.name}"
            self._keep(lambda: create_markdown_artifact(grid, key=f"quality-{_slug(cohort)}", description=what))

    def stale(self, why: Mapping[str, str]) -> None:
        """The studies that a refresh has left without a current run, and why; nothing if there are none."""
        if self._open and why:
            rows = [{"study": name, "why": sentence} for name, sentence in why.items()]
            self._table("stale-studies", rows, f"Stale now, to be run again: {', '.join(why)}")

    def studied(self, name: str, title: str, folder: Path, root: Path) -> None:
        """Scores with intervals, or associations, the forest figures of the report, and the way to the report."""
        if not self._open:
            return
        page = folder / "report.html"
        if is_association(folder):
            rows = [association_cells(row) for row in tested_rows(folder)[:MOST_ROWS]]
            self._table(f"associations-{_slug(name)}", rows, f"Associations of {title or name}: no prediction")
            parts = [f"# {title or name}", self._way(page, root, f"report of {name}")]
            self._page(
                name, title, [*parts, *score_figures(folder, "associations"), *([_markdown(rows[:10])] if rows else [])]
            )
            return
        scores = score_rows(read_table(folder / "scores.parquet").to_pandas())
        self._table(f"scores-{_slug(name)}", scores, f"Scores of {title or name}, all centres together")
        way = self._way(page, root, f"report of {name}")
        first = [row for row in scores if row["metric"] == scores[0]["metric"]]  # none, of no scores
        self._page(name, title, [f"# {title or name}", way, *score_figures(folder), _markdown(first)])

    def scored(self, cohort: str, folder: Path, place: str) -> None:
        """What a saved model said of a cohort: counts of cases, scores where outcomes are known, and the way to the page."""
        if not self._open:
            return
        facts, slug = read_run(folder), _slug(cohort)
        cells = [{"state": state, "cases": number} for state, number in facts["states"].items()]
        new = facts.get("scored before")
        before = "" if new is None else f"; {counted(new, 'case')} had a score before"
        self._table(f"cases-{slug}", cells, f"Cases of {cohort}, asked of {facts['model']}{before}")
        whole = score_rows(read_table(folder / "scores.parquet").to_pandas())
        told = ("metric", "compared", "value", "95 % interval", "n", "events")  # the others are the same in every row
        scores = [{name: row[name] for name in told} for row in whole]
        if scores:
            self._table(f"scores-{slug}", scores, f"Scores of {facts['model']} on {cohort}")
        first = [row for row in scores if row["metric"] == scores[0]["metric"]]
        way = self._way(folder / "report.html", open_place(place), f"scores of {cohort}")
        parts = [f"# Scores of {cohort}", facts["headline"], way, *([_markdown(first)] if first else [])]
        what = f"{counted(sum(facts['states'].values()), 'case')} of {cohort}, asked of {facts['model']}"
        self._keep(lambda: create_markdown_artifact("\n\n".join(parts), key=f"score-{slug}", description=what))

    def saved(self, folder: Path, place: str) -> None:
        """The card of a saved model, and the way to its page."""
        if not self._open:
            return
        name = f"{folder.parent.name}/{folder.name}"
        way = self._way(folder / "card.html", open_place(place), f"card of {name}")
        card = read_bytes(folder / "card.md").decode()
        title, _, rest = card.partition("\n")
        told = f"{title}\n\n{way} To ask it: `radweave score {name} COHORT`, or the deployment score-cohort.\n{rest}"
        key = f"model-{_slug(folder.parent.name)}"
        self._keep(lambda: create_markdown_artifact(told, key=key, description=f"Card of the model {name}"))

    def _page(self, name: str, title: str, parts: Sequence[str]) -> None:
        key, what = f"report-{_slug(name)}", f"Report of {title or name}"
        self._keep(lambda: create_markdown_artifact("\n\n".join(parts), key=key, description=what))

    def _way(self, page: Path, root: Path, what: str) -> str:
        """Markdown that leads to a page of the store: a link if the server shows it, else its place. The link is logged too."""
        place = page.relative_to(root).as_posix()
        address = page_address(page, place)
        if not address:
            return f"The {what} is the file `{place}` in the store: open it in a browser."
        get_run_logger().info("%s: %s", what, address)
        return f"[Open the {what}]({PAGES}{place}), the file `{place}` in the store."

    def _table(self, key: str, rows: Sequence[Mapping[str, Any]], description: str) -> None:
        shown = [dict(row) for row in rows] or [{"": "nothing"}]
        self._keep(lambda: create_table_artifact(shown, key=key, description=description))

    def _keep(self, make: Callable[[], T]) -> T | None:
        if not self._open:
            return None
        try:
            return make()
        except Exception as error:  # whatever happened, work is worth more than its picture
            self._open = False
            get_run_logger().warning("no further artifacts, the server refuses them: %s", type(error).__name__)
            return None


def feature_summary(mart: Mart, cohort: str) -> list[dict[str, Any]]:
    """A row per block of the mart: cases, predictors and the share of their cells that is empty."""
    dictionary = mart.read("dictionary", cohort).to_pylist()
    found = []
    for block in dict.fromkeys(row["block"] for row in dictionary if row["role"] == "predictor"):
        names = [row["name"] for row in dictionary if row["block"] == block and row["role"] == "predictor"]
        table = mart.read(block, cohort, names)
        cells = table.num_rows * len(names)
        empty = sum(column.null_count for column in table.columns)
        share = f"{100 * empty / cells:.1f} %" if cells else "–"
        found.append({"block": block, "rows": table.num_rows, "predictors": len(names), "empty cells": share})
    return found


def score_rows(scores: pd.DataFrame) -> list[dict[str, Any]]:
    """The scores over all centres as they are read: one row each, with interval, n and events; of held-out cases by cohort.

    Those of the metric that chooses come first.
    """
    whole = scores[scores["centre"] == ""]
    whole = whole.sort_values("metric", key=lambda names: names != names.head(1).squeeze(), kind="stable")
    return [
        {
            "validation": row["split"],
            "cohort": row["cohort"] or "all that train",
            "blocks": row["blocks"],
            "model": row["model"],
            "metric": row["metric"],
            "compared": "within centres" if row["within"] else "all cases",
            "value": "–" if pd.isna(row["value"]) else f"{row['value']:.3f}",
            "95 % interval": "–"
            if pd.isna(row["low"])
            else f"{row['low']:.3f} {'to' if row['low'] < 0 else '–'} {row['high']:.3f}",
            "n": int(row["n"]),
            "events": "–" if pd.isna(row["events"]) else int(row["events"]),
            "the interval is of, or why there is none": row["interval_of"] if pd.notna(row["low"]) else row["reason"],
        }
        for row in whole.to_dict("records")
    ]


def quality_grid(mart: Mart, cohort: str, way: str) -> str:
    """Thumbnails as Markdown, those with something to say first, and the outliers; the way leads to the page, which shows all."""
    from tasks.quality.cards import make_visits
    from tasks.quality.outliers import find_outliers
    from tasks.quality.scan_facts import read_scan_facts

    found = read_scan_facts(mart, cohort)
    outliers = find_outliers(found)
    visits = make_visits(mart.store, found, outliers, mart.read("warnings", cohort).to_pylist(), MOST_IMAGES)
    drawn = [card for visit in visits for card in visit.cards if card.png]
    images = len(found.scans.drop_duplicates(["case", "image"]))
    parts = [
        f"# Quality of {cohort}",
        f"{len(drawn)} of {counted(images, 'image')}. {way}",
    ]
    lines = [drawn[start : start + GRID_COLUMNS] for start in range(0, len(drawn), GRID_COLUMNS)]
    if len(found.images) > 1:  # the images of a visit side by side
        lines = [list(visit.cards) for visit in visits]
    columns = max(GRID_COLUMNS if len(found.images) < 2 else 0, *map(len, lines), 1)
    for line in lines:
        cells = [f"![{card.alt}](data:image/png;base64,{card.png})" if card.png else "no picture" for card in line]
        names = [" ".join([card.image, card.name, *(f"**{text}**" for text, _ in card.marks)]) for card in line]
        blank = [""] * (columns - len(line))
        rows = ["| " + " | ".join(row) + " |" for row in ([*cells, *blank], [*names, *blank])]
        parts.append("\n".join([rows[0], "|" + "---|" * columns, rows[1]]))
    shown = [
        {"case": one.case, "image": one.name, "what": one.fact.title, "value": f"{one.value:.4g}",
         "median of the centre": f"{one.median:.4g}", "robust z": one.shown}
        for one in outliers[:MOST_IMAGES]
    ]  # fmt: skip
    return "\n\n".join([*parts, f"## Outliers: {len(outliers)}", *([_markdown(shown)] if shown else [])])


def _reason(code: str) -> dict[str, str]:
    reason = REASONS.get(code)
    return {"means": reason.means, "remedy": reason.remedy} if reason else {"means": "", "remedy": ""}


def score_figures(run: Path, section: str = "scores") -> list[str]:
    """The figures of a section, that of the scores, as Markdown images that hold their data; study.json names them."""
    found = []
    for figure in read_run(run)["figures"]:
        if figure["section"] == section:
            data = base64.b64encode(read_sealed(run / figure["file"])[0]).decode()
            found.append(f"![{figure['title']}](data:image/svg+xml;base64,{data})")
    return found


def _markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as a Markdown table."""
    lines = ["| " + " | ".join(map(str, row)) + " |" for row in ([*rows[0]], *(row.values() for row in rows))]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _slug(text: str) -> str:
    """Lower-case letters, digits and dashes: the words that Prefect allows as keys."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
