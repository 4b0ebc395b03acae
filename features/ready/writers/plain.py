"""plain: a table whose columns follow nobody's form; their names are all that is known."""

from __future__ import annotations

from typing import Literal

from features.core.column import Column
from features.core.kinds.writer import Writer


class Plain(Writer):
    """Leaves out no column and explains none."""

    kind: Literal["plain"] = "plain"

    def feature(self, name: str) -> Column | None:  # noqa: ARG002
        return None

    def is_diagnostic(self, name: str) -> bool:  # noqa: ARG002
        return False
