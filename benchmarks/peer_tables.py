"""The tables of peers.py, in Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.peers import Result

AGREE = 1e-6
# IBSI's definitions are compared with those that `ibsi` computes of the same bins, from -1,000 HU.
BESIDE = {
    **dict.fromkeys(("pyradiomics", "qradiomics", "refresh"), "radweave"),
    **dict.fromkeys(("mirp", "zrad", "pictologics"), "ibsi"),
}
TITLES = {"original": "Original image: first order, shape, texture", "full": "With LoG 1, 2, 3 mm and wavelet coif1"}


def print_tables(folder: Path, results: Mapping[str, Result]) -> None:
    """Costs of each set, agreement of values, outcomes of faulty cases."""
    for kind, title in TITLES.items():
        print_costs(kind, title, results)
    print_agreement(folder, results)
    print_faults(results)


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


def print_agreement(folder: Path, results: Mapping[str, Result]) -> None:
    """Values on the sound cases beside radweave's: by pyradiomics' names, and by IBSI's."""
    from benchmarks.peer_values import read_rows

    print("\nValues of the original image beside radweave's, by names that both have\n")
    print("| tool | beside | values compared | within 1e-6 | median of the others | features that differ |")
    print("|---|---|---|---|---|---|")
    for name, beside in BESIDE.items():
        pair = [results.get(f"{one}/original") for one in (name, beside)]
        if not all(one and one.cost and one.cases for one in pair):
            continue
        cohort = folder / f"sound-{max(one.cases for one in pair if one)}"
        theirs, ours = (read_rows(one, folder / "out" / f"{one}-original", cohort, folder) for one in (name, beside))
        far: dict[str, list[float]] = {}
        for case, row in theirs.items():
            for key in row.values.keys() & ours[case].values.keys():
                value = ours[case].values[key]
                far.setdefault(key, []).append(abs(row.values[key] - value) / max(abs(value), 1e-9))
        worst = {key: max(values) for key, values in far.items()}
        differ = sorted(key for key, value in worst.items() if value > AGREE)
        count = sum(len(values) for values in far.values())
        same = sum(value <= AGREE for values in far.values() for value in values)
        middle = f"{median(worst[key] for key in differ):.1e}" if differ else "–"
        print(f"| {name} | {beside} | {count} ({len(far)} features) | {same} | {middle} | {', '.join(differ) or '–'} |")


def print_faults(results: Mapping[str, Result]) -> None:
    """What becomes of each faulty case in a batch with sound ones."""
    from benchmarks.peer_cohort import FAULTS, SOUND
    from benchmarks.peers import WAYS

    found = {name: one for name in WAYS if (one := results.get(f"{name}/faults")) and one.cost}
    if not found:
        return
    print("\nFaulty cases in one batch with two sound ones: what is in the table\n")
    print("| fault | " + " | ".join(WAYS[name].title for name in found) + " |\n|---" + "|---" * len(found) + "|")
    for case in (*SOUND, *FAULTS):
        cells = [one.outcomes.get(case, "no row") for one in found.values()]
        print(f"| {FAULTS.get(case, f'none ({case} the faulty ones)')} | {' | '.join(cells)} |")
    print(
        "| the batch ended with | "
        + " | ".join(f"{one.cost.status if one.cost else ''}" for one in found.values())
        + " |"
    )
