"""The tables of peers.py, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.peers import Result

TITLES = {"original": "Original image: first order, shape, texture", "full": "With LoG 1, 2, 3 mm and wavelet coif1"}


def print_tables(folder: Path, results: Mapping[str, Result]) -> None:
    """Costs of each set, agreement of values, outcomes of faulty cases."""
    for kind, title in TITLES.items():
        print_costs(kind, title, results)


def print_costs(kind: str, title: str, results: Mapping[str, Result]) -> None:
    from benchmarks.peers import LEAST_RATIO, WAYS

    base = results.get(f"radweave/{kind}")
    print(f"\n{title}\n")
    print("| way | cases | features | CPU s | × radweave extract | memory MiB | wall s | first run, CPU s |")
    print("|---|---|---|---|---|---|---|---|")
    for name, way in WAYS.items():
        one = results.get(f"{name}/{kind}")
        if one is None:
            continue
        if one.cost is None:
            print(f"| {way.title} | {one.missing} |||||||")
            continue
        ratio = f"{one.cost.cpu / base.cost.cpu:.1f}" if base and base.cost else "–"
        if name == "pyradiomics" and base and base.cost and one.cost.cpu / base.cost.cpu < LEAST_RATIO:
            ratio += f" UNMET ({LEAST_RATIO:.0f})"
        first = f"{one.first.cpu:.1f}" if one.first else "–"
        ended = f" (ended with {one.cost.status}: {one.cost.said})" if one.cost.status else ""
        print(
            f"| {way.title}{ended} | {one.cases} | {one.features} | {one.cost.cpu:.1f} | {ratio} | {one.cost.memory:.0f} "
            f"| {one.cost.wall:.1f} | {first} |"
        )
