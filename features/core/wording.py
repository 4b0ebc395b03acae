"""Wording: parts of sentences that messages share."""

from __future__ import annotations


def counted(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> counted(1, "case"), counted(0, "case"), counted(2, "refresh", "refreshes")
    ('1 case', '0 cases', '2 refreshes')
    """
    return f"{count} {one if count == 1 else many or one + 's'}"
