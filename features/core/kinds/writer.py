"""Writer: the software that wrote a table of features. It knows which columns are features, and what their names tell."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace

from features.core.column import Column
from features.core.kinds.registry import Kind, Registry


class Writer(Kind):
    """Reads the names of columns and nothing else: what a name does not tell remains empty."""

    @abstractmethod
    def feature(self, name: str) -> Column | None:
        """A feature under the name that it has in the table, with what this name tells; None: no feature of this writer."""

    @abstractmethod
    def is_diagnostic(self, name: str) -> bool:
        """Whether a column describes the extraction (a path, a version, a setting, a scan's facts) and is no feature."""

    def recognised(self, header: Iterable[str]) -> int:
        """How many columns of a header are features of this writer, as far as no other could have written them."""
        return sum(self.feature(name) is not None for name in header)

    def explain(self, header: Iterable[str]) -> dict[str, Column | None]:
        """What is known of each column; None: a diagnostic, to be left out. Of a column of nobody's its name is all.

        Features have the writer in `version`. The whole header is asked at once: it may tell the version, and the version
        what a name means.
        """
        return {name: None if self.is_diagnostic(name) else self._column(name) for name in header}

    def _column(self, name: str) -> Column:
        found = self.feature(name)
        return replace(found, version=self.kind) if found else unexplained(name)


WRITERS: Registry[Writer] = Registry(Writer, "features.ready.writers")


def recognise(header: Iterable[str]) -> Writer:
    """The writer that knows the most of a table's columns as its features; `plain` where none knows one.

    >>> recognise(["ID", "CT_original_glcm_Contrast"]).kind, recognise(["age", "volume"]).kind
    ('pyradiomics', 'plain')
    """
    names = list(header)
    known = {writer: writer.recognised(names) for writer in map(WRITERS.parse, WRITERS.modules)}
    best = max(known, key=known.__getitem__)
    return best if known[best] else WRITERS.parse("plain")


def unexplained(name: str) -> Column:
    """A column of which no more is known than its name."""
    return Column(name, "float64", f"column {name} of a ready-made table")
