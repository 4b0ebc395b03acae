"""Machine code on disk is of the sources as they are: numba alone looks at the caller's own file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from numba import config

from features.core.compiled import compiled_digest, njit

ROOT = Path(__file__).parents[3]
COMPILED = "from features.core.compiled import njit\n"


def test_the_cache_belongs_to_all_compiled_sources_and_to_no_others(tmp_path: Path) -> None:
    caller, called, other = (tmp_path / "features" / name for name in ("caller.py", "called.py", "other.py"))
    caller.parent.mkdir()
    caller.write_text(COMPILED + "from features.called import f\n", "utf-8")
    called.write_text(COMPILED, "utf-8")
    other.write_text("x = 1\n", "utf-8")
    before = compiled_digest(tmp_path)
    other.write_text("x = 2\n", "utf-8")
    assert compiled_digest(tmp_path) == before
    called.write_text(COMPILED + "# changed\n", "utf-8")
    assert compiled_digest(tmp_path) != before


def test_everything_that_is_compiled_is_cached_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "CACHE_DIR", "")  # as numba does where its environment has changed

    @njit(cache=True)
    def doubled(x: float) -> float:
        return 2 * x

    assert f"compiled-{compiled_digest(ROOT)}" in doubled._cache.cache_path
    sources = {path: path.read_text("utf-8") for room in ("features", "tasks") for path in (ROOT / room).rglob("*.py")}
    past = [path.name for path, source in sources.items() if re.search(r"^\s*(from|import) numba\b", source, re.M)]
    assert past == ["compiled.py"]
