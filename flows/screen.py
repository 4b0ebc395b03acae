"""The screen: progress bars while work goes on, short tables when it is done; plain lines where output is redirected."""

import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any, Literal

from rich.box import HEAVY_HEAD, SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from features.core.progress import watched_by
from features.results.accounts import file_flow
from flows.association_table import association_columns, is_association
from flows.score_table import score_table, unscored
from flows.table_layout import folded, lay_out

if TYPE_CHECKING:
    from features.radiomics.reliability import Reliability
    from features.results.diff import Diff
    from features.results.published import Published


QUIET_S = 30.0  # without a terminal, a long step tells how far it is this often


class Screen:
    """Inside the `with` block, progress of the library shows on stderr; tables go to stdout.

    On a terminal progress is bars; redirected, each step is a line when it is done, without control codes.
    """

    def __init__(self) -> None:
        # Names may hold [brackets] and :colons:, and a path is never broken: it could not be copied.
        self.console = Console(soft_wrap=True, markup=False, emoji=False, highlight=False)
        errors = Console(stderr=True)
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(min(40, max(10, errors.width - 40))),  # what stands beside it stays on its line
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._bars = Progress(*columns, console=errors, transient=False, disable=not errors.is_terminal)
        self._known: dict[str, TaskID] = {}
        self._begun: dict[str, tuple[float, float]] = {}  # when a step began, and when it was last told
        self._watch = watched_by(self._advance if errors.is_terminal else self._tell)

    def __enter__(self) -> "Screen":
        self._bars.start()
        self._watch.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._watch.__exit__(None, None, None)
        self._bars.stop()

    def _advance(self, what: str, done: int, total: int) -> None:
        if what not in self._known:
            self._known[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._known[what], completed=done, total=total)

    def _tell(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        begun, told = self._begun.setdefault(what, (now, now))
        if done >= total or now - told >= QUIET_S:
            print(f"{what}: {done} of {total}, {now - begun:.0f} s", file=sys.stderr, flush=True)
            self._begun[what] = begun, now
        if done >= total:  # a step of the same name may follow
            del self._begun[what]

    def show(self, parts: RenderableType | Sequence[RenderableType]) -> None:
        """Print tables and lines after the bars."""
        self._bars.stop()
        for part in parts if isinstance(parts, list | tuple) else [parts]:
            self.console.print(part)

    def show_refresh(self, published: "Sequence[Published]", store: str) -> None:
        """What refreshes left: scans in, used and quarantined, and where the tables are."""
        self.show([refresh_table(published), f"Tables: {store}/mart"])

    def show_stability(self, found: "Mapping[str, Sequence[Reliability]]", store: str) -> None:
        """How many features reach which agreement, a table for what begins their names, and where the scores are."""
        tables = [stability_table(rows, prefix) for prefix, rows in found.items()]
        self.show(
            [
                *tables,
                f"Scores of each feature: {store}/stability",
                "Studies of this cohort show it beside scores once they are run again.",
            ]
        )

    def show_studies(self, folders: Sequence[Path]) -> None:
        """Scores or associations, headlines and reports of studies."""
        from features.results.runs import read_run

        for folder in folders:
            sentence = read_run(folder).get("headline", "")  # runs of earlier versions have none
            said = [wrapped(sentence)] if sentence else []
            self.show([*_results(folder), *said, f"Report: {folder / 'report.html'}"])

    def show_models(self, folders: Sequence[Path]) -> None:
        """What was chosen, why, and where the models are."""
        from features.results.models import read_model

        for folder in folders:
            facts = read_model(folder)
            moved = facts.get("recalibrated")
            why = f"Recalibrated on {moved['cohort']}: {moved['way']}." if moved else facts["choice"]
            said = wrapped(f"Model: {facts['model']} on {facts['blocks']}. {why}")
            self.show([said, f"Saved: {folder}", f"Card: {folder / 'card.html'}"])

    def show_score(self, folder: Path) -> None:
        """Who was scored, how well, and where the results are."""
        from features.results.runs import read_run

        facts = read_run(folder)
        counts = table_of("Cases", {"state": [*facts["states"]], "cases": [str(n) for n in facts["states"].values()]})
        self.show([counts, wrapped(facts["headline"]), f"Scores: {folder}", f"Report: {folder / 'report.html'}"])


def _results(folder: Path) -> list[RenderableType]:
    """The scores of a run, or its first associations and how many there are."""
    if not is_association(folder):
        return [score_table(folder), *(wrapped(one) for one in unscored(folder))]
    title, columns, said = association_columns(folder)
    return [table_of(title, columns, ("p", "n")), wrapped(said)]


def refresh_table(published: "Sequence[Published]") -> Table:
    """One row per cohort; scans in = used + absent + quarantined + withdrawn. Of cohorts without images, rows of tables."""
    columns: dict[str, list[str]] = {
        "cohort": [one.cohort for one in published],
        "scans": [str(one.scans) for one in published],
        "used": [str(one.used) for one in published],
    }
    if any(one.absent for one in published):
        columns["absent"] = [str(one.absent) for one in published]
    columns["quarantined"] = [_listed(one.quarantined) for one in published]
    if any(one.withdrawn for one in published):
        columns["withdrawn"] = [str(one.withdrawn) for one in published]
    if any(one.warned for one in published):
        columns["warnings"] = [_listed(one.warned) for one in published]
    rows = {one.cohort: _listed({k: n for k, n in one.rows.items() if n}) for one in published if not one.scans}
    if rows:
        columns["rows"] = [rows.get(one.cohort, "–") for one in published]
    columns["refresh"] = [f"{one.refresh}" if one.changed else f"{one.refresh}, as before" for one in published]
    return table_of("Refresh", columns)


def file_table(published: "Sequence[Published]") -> Table | None:
    """What became of the files: a row per cohort, of the cohorts whose files were counted; found = the sum of the others."""
    flows = {one.cohort: {row["files"]: row["count"] for row in file_flow(one.files)} for one in published if one.files}
    names = list(dict.fromkeys(name for flow in flows.values() for name in flow))
    columns = {name: [str(flow.get(name, 0)) for flow in flows.values()] for name in names}
    return table_of("Files", {"cohort": [*flows], **columns}) if flows else None


def stability_table(found: "Sequence[Reliability]", prefix: str = "") -> Table:
    """Features by the lower bound of ICC(2,1), in the classes of Koo & Li, J Chiropr Med 2016;15:155."""
    lows = [row.icc_2_1_low for row in found]
    classes = {"excellent (0.9 and more)": (0.9, 2.0), "good (0.75)": (0.75, 0.9), "moderate (0.5)": (0.5, 0.75)}
    counts = {name: sum(low <= value < high for value in lows) for name, (low, high) in classes.items()}
    counts["poor (below 0.5)"] = sum(value < 0.5 for value in lows)
    counts["undefined"] = sum(value != value for value in lows)
    regions = (
        f"{max((row.n for row in found), default=0)} regions × {max((row.k for row in found), default=0)} measurements"
    )
    return table_of(
        f"Stability{f' of {prefix}*' if prefix else ''}, {regions}",
        {"ICC(2,1), lower bound": [*counts], "features": [*map(str, counts.values())]},
    )


def table_of(title: str, columns: Mapping[str, Sequence[str]], spare: Sequence[str] = ()) -> Table:
    """A table of equally long columns: words stay whole where they fit, numbers stand right.

    spare: columns that a narrow screen may lack, the first to go first; a line below says which are left out.
    """
    layout = lay_out(columns, Console().width, spare)
    left = f"A wider screen shows {', '.join(layout.left_out)} too." if layout.left_out else None
    table = Table(
        title=title,
        caption=left,
        box=HEAVY_HEAD if layout.lines else SIMPLE_HEAD,
        padding=(0, 1 if layout.lines else 0),
    )
    if not layout.lines:
        table.show_edge, table.pad_edge, table.collapse_padding = False, False, True
    for name, width in layout.widths.items():
        justify: Literal["right", "left"] = "right" if all(map(str.isdigit, columns[name])) else "left"
        table.add_column(folded(name, width), overflow="fold", justify=justify, width=width)
    for row in zip(*(columns[name] for name in layout.widths), strict=True):
        table.add_row(*(folded(cell, width) for cell, width in zip(row, layout.widths.values(), strict=True)))
    return table


def wrapped(sentence: str) -> str:
    """A sentence in lines of the screen's width, broken between words. Not for paths and commands, which must stay whole."""
    return fill(sentence, Console().width, break_long_words=False, break_on_hyphens=False)


def diff_tables(found: "Diff") -> list[RenderableType]:
    """What changed between two refreshes: columns first, then cases."""
    shown: list[RenderableType] = []
    title = f"From refresh {found.before} to {found.after}"
    if found.columns:
        columns = Table("cohort", "columns", "why", title=f"{title}: columns")
        for row in found.columns:
            columns.add_row(*row)
        shown.append(columns)
    if found.changes:
        cases = Table("case", "of", "kind", "why", title=f"{title}: cases")
        for change in found.changes:
            cases.add_row(change.case, change.block, change.kind, change.why)
        shown.append(cases)
    counts = Counter(change.kind for change in found.changes)
    return [*shown, f"{title}: {counted(counts) if counts else 'no case changed'}"]


def counted(codes: Mapping[Any, int]) -> str:
    """Codes with their counts, or a dash."""
    return ", ".join(f"{code} {count}" for code, count in sorted(codes.items())) or "–"


def _listed(codes: Mapping[Any, int]) -> str:
    """As `counted`, a code a line."""
    return counted(codes).replace(", ", "\n")
