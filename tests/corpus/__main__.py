"""python -m tests.corpus: the table of faults and outcomes, as Markdown."""

from __future__ import annotations

from tests.corpus.faults import FAULTS


def fault_table() -> str:
    """A row for each fault: its code, what is wrong, what becomes of the case."""
    rows = ["| fault | what is wrong | what becomes of the case |", "|---|---|---|"]
    for one in sorted(FAULTS.values(), key=lambda fault: (fault.domain, fault.code)):
        rows.append(f"| {one.code} | {one.title} | {one.outcome.title} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(fault_table())
