"""What a stranger's first commands cost: time, CPU, memory and disk from a fresh clone to the reports of the demo.

    python benchmarks/first_run.py FOLDER            # an empty or new folder; Python 3.11 or newer
    python benchmarks/first_run.py FOLDER --no-tools # without what tests and docs need

It clones this checkout (what is committed) into FOLDER and runs make there. Memory is the peak of what all processes of
a step hold together (proportional set sizes, read twice a second; Linux). What pip has in its cache is not fetched again:
for the time of a first download empty it before. Nothing here needs a package.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
# step: target of make, and the folder that it makes
STEPS = {
    "set-up": (".venv/.ready", ".venv"),
    "demo": ("demo", "demo"),
    "demo again": ("demo", "demo"),
    "tools for tests and docs": (".venv/.tools", ".venv"),
}
EVERY_SECONDS = 0.5


class Cost(NamedTuple):
    """Seconds of wall clock and of CPU, children included; peak memory in MiB of all processes together; exit code."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    code: int


def measure(command: Sequence[str], folder: Path) -> Cost:
    """What a command costs, whose output goes to this terminal."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    process = subprocess.Popen(command, cwd=folder)
    peaks, ended = [0.0], threading.Event()

    def watch() -> None:
        while not ended.wait(EVERY_SECONDS):
            peaks.append(sum(map(held_mib, family(process.pid))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    code = process.wait()
    ended.set()
    watcher.join()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(time.monotonic() - start, cpu_s, max(peaks), code)


def family(root: int) -> set[int]:
    """The numbers of a process and of all that descend from it."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has just ended
            continue
    found, new = set[int](), {root}
    while new:
        found |= new
        new = {one for one, parent in parents.items() if parent in found} - found
    return found


def held_mib(process: int) -> float:
    """Memory of a process, of which what it shares with others counts in part; 0 if it has ended."""
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next(float(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("Pss:"))


def disk_mib(folder: Path) -> float:
    """What a folder takes on disk, of files with several names one."""
    sizes = {}
    for place, _, names in os.walk(folder):
        for name in names:
            stat = os.lstat(Path(place, name))
            sizes[stat.st_ino] = stat.st_blocks * 512
    return sum(sizes.values()) / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="an empty or new folder")
    parser.add_argument("--no-tools", action="store_true", help="leave out the packages for tests and docs")
    parser.add_argument("--steps", nargs="*", choices=list(STEPS), default=list(STEPS), help="only these steps")
    chosen = parser.parse_args()
    checkout = chosen.folder / "radweave"
    if not checkout.exists():
        chosen.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
    rows = []
    for step in chosen.steps:
        if chosen.no_tools and step.startswith("tools"):
            continue
        target, made = STEPS[step]
        cost = measure(["make", target, f"PYTHON={sys.executable}"], checkout)
        if cost.code:
            sys.exit(f"first_run: make {target} ended with exit code {cost.code}")
        rows.append(
            f"| {step} | {cost.wall_s:.0f} | {cost.cpu_s:.0f} | {cost.peak_mib:.0f} | "
            f"{disk_mib(checkout / made):.0f} ({made}) |"
        )
    print(f"\nPython {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}\n")
    print("| step | wall s | CPU s | peak memory MiB | disk MiB |\n|---|---|---|---|---|")
    print("\n".join(rows), flush=True)


if __name__ == "__main__":
    main()
