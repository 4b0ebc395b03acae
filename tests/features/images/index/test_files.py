"""list_files: all that may be read, nothing outside the root, no loops."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from features.core.storage.store import Store
from features.images.index.files import list_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve() / "data"
    (root / "a" / "deep").mkdir(parents=True)
    for name in ("a/1", "a/deep/2", "3"):
        (root / name).write_text(name)
    (tmp_path / "outside").write_text("outside")
    return root


def test_files_stand_with_their_places_sizes_and_times(root: Path) -> None:
    os.utime(root / "3", ns=(7, 7))
    found, refused = list_files(root, root)
    assert refused == []
    assert [(one.path, one.name, one.real, one.size) for one in found] == [
        (root / name, name, name, len(name)) for name in ("3", "a/1", "a/deep/2")
    ]
    assert found[0].mtime_ns == 7
    assert [one.name for one in list_files(root / "a", root)[0]] == ["a/1", "a/deep/2"]


def test_a_link_inside_the_root_is_the_file_it_leads_to(root: Path) -> None:
    (root / "link").symlink_to(root / "a" / "1")
    (root / "second").symlink_to(root / "link")
    (root / "1").symlink_to("a/deep/2")
    found = {one.name: (one.real, one.size) for one in list_files(root, root)[0]}
    assert found["link"] == found["second"] == ("a/1", 3)
    assert found["1"] == ("a/deep/2", 8)


def test_links_that_lead_elsewhere_and_odd_entries_are_refused(root: Path) -> None:
    targets = {"out": root.parent / "outside", "up": root.parent, "nothing": root / "gone", "folder": root / "a"}
    for name, target in targets.items():
        (root / name).symlink_to(target)
    (root / "loop").symlink_to(root / "loop")
    (root / "inside_out").symlink_to(root / "out")
    os.mkfifo(root / "pipe")
    found, refused = list_files(root, root)
    assert [one.name for one in found] == ["3", "a/1", "a/deep/2"]
    assert [path.name for path in refused] == sorted([*targets, "loop", "inside_out", "pipe"])


def test_a_folder_that_cannot_be_listed_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = Path.iterdir

    def iterdir(self: Path) -> object:
        if self.name == "deep":
            raise PermissionError(13, "denied")
        return honest(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    found, refused = list_files(root, root)
    assert [one.name for one in found] == ["3", "a/1"]
    assert refused == [root / "a" / "deep"]


def test_series_that_still_arrive_from_a_pacs_are_not_seen(root: Path) -> None:
    hidden = root / "a" / ".pacs" / "study" / "series"
    hidden.mkdir(parents=True)
    (hidden / "1.dcm").write_text("half a series")
    found, refused = list_files(root, root)
    assert [one.name for one in found] == ["3", "a/1", "a/deep/2"] and refused == []


def test_a_store_among_the_files_is_not_seen(root: Path) -> None:
    store = Store(root / "a" / "store")
    with store.writing("demo"):
        pass
    (store.root / "tables").mkdir()
    (store.root / "tables" / "x.parquet").write_text("rows")
    store.mart.symlink_to("views/000001")
    found, refused = list_files(root, root)
    assert [one.name for one in found] == ["3", "a/1", "a/deep/2"] and refused == []
