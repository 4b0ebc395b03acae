"""A catalog of one cohort, and the public data folder."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from features.core.catalog.catalog import Catalog
from tests.support.catalog import catalog_of, cohort_of


@pytest.fixture
def catalog(tmp_path: Path) -> Callable[..., Catalog]:
    """A catalog with one cohort "demo" of the centres A and B; its files lie in tmp_path/data."""

    def build(*images: dict[str, Any], **settings: Any) -> Catalog:
        (tmp_path / "data").mkdir(exist_ok=True)
        days = {"baseline": 0, "week_6": 42}
        own = {"root": "data", "timepoints": days, "centres": {"A": {}, "B": {}}, **settings}
        return catalog_of(tmp_path, demo=cohort_of(*images, **own))

    return build


@pytest.fixture
def public_data() -> Callable[[str], Path]:
    """A file of the public data folder, or a skip."""

    def find(name: str) -> Path:
        root = Path(os.environ.get("RADWEAVE_DATA") or Path(__file__).parents[4] / "shared" / "data")
        if not (root / name).exists():
            pytest.skip(f"the public data hold no {name}; set RADWEAVE_DATA")
        return root / name

    return find


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[[Path], Path]:
    def extract(archive: Path) -> Path:
        with tarfile.open(archive) as tar:
            tar.extractall(tmp_path / "unpacked", filter="data")
        return tmp_path / "unpacked"

    return extract
