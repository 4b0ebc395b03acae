"""Headers of tables that other software wrote, from tests/golden/headers; each file names its source in its first line."""

from pathlib import Path

HEADERS = Path(__file__).parents[1] / "golden" / "headers"


def header_of(name: str) -> list[str]:
    """The columns of a table, one of each kind of name that its writer has."""
    return [line for line in (HEADERS / f"{name}.txt").read_text("utf-8").splitlines() if not line.startswith("#")]
