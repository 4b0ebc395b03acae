"""Commands to try next, as they can be copied into the terminal that ran this one."""

import os
import shutil
import sys
from pathlib import Path
from shlex import join, quote

from features.simulate.plant_faults import RESENT

OWN = "YOUR-FOLDER"  # what users replace by a folder of their own


def called() -> str:
    """What to write for `radweave` in the current folder: the command by which this process was called."""
    given, found = Path(sys.argv[0]), shutil.which("radweave")
    if found and given.is_file() and Path(found).resolve() == given.resolve():
        return "radweave"
    if given.name == "radweave" and given.is_file():
        near = os.path.relpath(given)
        return quote(near if not near.startswith("..") else str(given.absolute()))
    return f"{quote(sys.executable)} -m flows.cli"


def next_steps(cohort: Path, store: Path) -> list[str]:
    """Lines for the end of the demo: sentences, and below each its commands, indented by two blanks."""
    radweave, catalog = called(), str(cohort / "data_catalog.yaml")
    sql = "SELECT centre, count(*) AS scans FROM region GROUP BY centre ORDER BY centre"
    steps: dict[str, list[tuple[str, ...]]] = {
        "What was rejected or is doubtful, and why:": [("quarantine", "--cases", "--store", str(store))],
        "What the store holds, and ask it in SQL:": [
            ("status", "--catalog", catalog, "--store", str(store)),
            ("query", "--store", str(store), sql),
        ],
        "Centre C sends a mended mask: only that scan is computed.": [
            ("cp", "-r", f"{cohort / RESENT}/.", str(cohort)),
            ("refresh", "builtin", "--catalog", catalog, "--store", str(store)),
            ("diff", "--store", str(store)),
        ],
        "A draft of the catalog of your own data, to be read and completed:": [
            ("init", OWN, "--out", "mine/data_catalog.yaml"),
            ("check", "--catalog", "mine/data_catalog.yaml"),
        ],
    }
    lines = ["Try next"]
    for told, commands in steps.items():
        lines.append(told)
        lines += [f"  {join(words) if words[0] == 'cp' else f'{radweave} {join(words)}'}" for words in commands]
    return lines
