"""The quality page of a refreshed store: a picture of every scan, as a refresh leaves it and as `--draw` mends it."""

import re
import shutil

import pytest

from features.core.storage.store import THUMBNAIL, Store
from features.results.manifest import newest

pytestmark = pytest.mark.slow


def pictures(store: Store) -> int:
    (page,) = store.quality_pages("builtin")
    return len(re.findall('<img [^>]*src="data:image/png', page.read_text("utf-8")))


def test_a_refresh_leaves_the_page_and_lost_thumbnails_are_drawn_when_asked(demo, command, tmp_path) -> None:
    store = Store(demo.copy(tmp_path))
    scans = newest(store).cohorts["builtin"].scans
    assert pictures(store) == scans
    shutil.rmtree(store.root / "work" / THUMBNAIL)
    command("quality", "builtin", "--store", store.root)
    assert pictures(store) == 0
    found = command("quality", "builtin", "--draw", "--store", store.root, "--catalog", demo.catalog).stdout
    assert f"{scans} pictures were drawn; 0 images could not be read" in found
    assert pictures(store) == scans
