"""FileCache: what did not change is not read again, what changed is, and silent corruption is told."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pyarrow as pa
import pytest

from features.core.digest import digest_bytes
from features.core.quarantine import Rejected
from features.core.storage.table import read_table, write_table
from features.images.index import file_cache
from features.images.index.file_cache import FileCache

KEY = b"k" * 32
OLD_NS = 1_600_000_000_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "index" / "demo.files.parquet"


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Thirty files that nobody has written to for years."""
    folder = tmp_path / "data"
    folder.mkdir()
    return [_write(folder / f"{i:02d}", b"%d" % i) for i in range(30)]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose bytes are read, in their order."""
    seen: list[str] = []
    honest = file_cache.digest_file

    def digest_file(path: Path) -> str:
        seen.append(path.name)
        return honest(path)

    monkeypatch.setattr(file_cache, "digest_file", digest_file)
    return seen


def _write(path: Path, data: bytes, mtime_ns: int = OLD_NS) -> Path:
    path.write_bytes(data)
    os.utime(path, ns=(mtime_ns, mtime_ns))
    return path


def _refresh(store: Path, files: list[Path]) -> list[str]:
    """Digests, or codes, as a refresh sees them."""
    cache = FileCache.load(store, KEY)
    cache.verify(files)
    found = [one.code if isinstance(one, Rejected) else one for one in cache.digests(files)]
    cache.forget_unseen()
    cache.save()
    return found


def test_known_files_are_not_read_but_for_a_sample_that_rotates(
    store: Path, files: list[Path], read: list[str]
) -> None:
    expected = [digest_bytes(path.read_bytes()) for path in files]
    assert _refresh(store, files) == expected
    assert sorted(read) == [path.name for path in files]
    read.clear()
    for _ in range(4):  # 8 at a time: all 30 had their turn after four refreshes
        before = len(read)
        assert _refresh(store, files) == expected
        assert len(read) == before + 8
    assert set(read) == {path.name for path in files}


def test_sample_is_one_percent_and_ends_at_its_bytes(
    store: Path, files: list[Path], read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _refresh(store, files)
    for parts, size, expected in ((2, 1 << 20, 15), (100, 5, 3), (100, 0, 1)):
        monkeypatch.setattr(file_cache, "SAMPLE_PARTS", parts)
        monkeypatch.setattr(file_cache, "SAMPLE_BYTES", size)
        read.clear()
        _refresh(store, files)
        count = len(read)
        assert count == expected if size != 5 else 2 <= count <= 5


@pytest.mark.parametrize("mtime_ns", [OLD_NS + 1, OLD_NS - 1])
def test_another_time_or_size_is_another_file(store: Path, files: list[Path], read: list[str], mtime_ns: int) -> None:
    before = _refresh(store, files)
    _write(files[0], b"0", mtime_ns)
    _write(files[1], b"one")
    read.clear()
    after = _refresh(store, files)
    assert after == [before[0], digest_bytes(b"one"), *before[2:]]
    assert {files[0].name, files[1].name} < set(read)
    assert read_table(store).num_rows == 30


@pytest.mark.parametrize("ahead_s", [-1.5, 0.0, 3600.0])
def test_files_written_just_now_or_in_the_future_are_not_trusted(
    store: Path, files: list[Path], read: list[str], ahead_s: float
) -> None:
    now_ns = time.time_ns() + int(ahead_s * 1e9)
    _write(files[0], b"a", now_ns)
    assert _refresh(store, files)[0] == digest_bytes(b"a")
    _write(files[0], b"b", now_ns)  # the same size and time
    assert _refresh(store, files)[0] == digest_bytes(b"b")
    assert read.count(files[0].name) == 2


def test_a_file_that_is_settled_is_trusted(store: Path, files: list[Path], read: list[str]) -> None:
    _write(files[0], b"a", time.time_ns() - 3_000_000_000)
    _refresh(store, files[:1])
    assert FileCache.load(store, KEY).digest(files[0]) == digest_bytes(b"a")
    assert read == [files[0].name]


def test_silent_corruption_is_told_until_the_bytes_are_restored(store: Path, files: list[Path]) -> None:
    few = files[:8]  # the whole sample
    before = _refresh(store, few)
    _write(few[3], b"x")
    for _ in range(3):
        assert _refresh(store, few) == [*before[:3], "FILE_CHANGED", *before[4:]]
    _write(few[3], b"3")
    assert _refresh(store, few) == before


def test_silent_corruption_ends_with_another_time_or_when_it_is_accepted(store: Path, files: list[Path]) -> None:
    few = files[:8]
    before = _refresh(store, few)
    for path in few[:2]:
        _write(path, b"x")
    assert _refresh(store, few)[:2] == ["FILE_CHANGED"] * 2
    _write(few[0], b"x", OLD_NS + 1)
    assert _refresh(store, few)[:2] == [digest_bytes(b"x"), "FILE_CHANGED"]
    cache = FileCache.load(store, KEY)
    cache.distrust()
    assert cache.digests(few) == [digest_bytes(b"x")] * 2 + before[2:]
    cache.save()
    assert _refresh(store, few) == [digest_bytes(b"x")] * 2 + before[2:]


def test_a_write_while_the_sample_is_read_is_no_corruption(
    store: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = files[:8]
    _refresh(store, few)
    honest = file_cache.digest_file

    def digest_file(path: Path) -> str:
        if path == few[0]:
            _write(path, b"new", OLD_NS + 5)
        return honest(path)

    monkeypatch.setattr(file_cache, "digest_file", digest_file)
    assert _refresh(store, few)[0] == digest_bytes(b"new")
    assert _refresh(store, few)[0] == digest_bytes(b"new")


def test_a_file_that_cannot_be_read_is_tried_again(
    store: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = file_cache.digest_file

    def digest_file(path: Path) -> str:
        if path == files[0]:
            raise PermissionError(13, "denied")
        return honest(path)

    with monkeypatch.context() as patch:
        patch.setattr(file_cache, "digest_file", digest_file)
        assert _refresh(store, files)[0] == "UNREADABLE"
        with pytest.raises(PermissionError):
            FileCache.load(store, KEY).digest(files[0])
    assert _refresh(store, files)[0] == digest_bytes(b"0")


def test_digest_of_a_table_is_kept_and_follows_its_bytes(store: Path, files: list[Path], read: list[str]) -> None:
    cache = FileCache.load(store, KEY)
    assert [cache.digest(files[0]), cache.digest(files[0])] == [digest_bytes(b"0")] * 2
    cache.save()
    assert FileCache.load(store, KEY).digest(files[0]) == digest_bytes(b"0")
    assert len(read) == 1
    _write(files[0], b"other")
    assert FileCache.load(store, KEY).digest(files[0]) == digest_bytes(b"other")
    files[0].unlink()
    with pytest.raises(FileNotFoundError):
        FileCache.load(store, KEY).digest(files[0])


def test_links_share_what_is_known_of_their_file(store: Path, files: list[Path], read: list[str]) -> None:
    link = files[0].with_name("link")
    link.symlink_to(files[0])
    cache = FileCache.load(store, KEY)
    assert cache.digest(link) == cache.digest(files[0])
    cache.save()
    assert len(read) == 1
    link.unlink()
    link.symlink_to(files[1])
    assert FileCache.load(store, KEY).digest(link) == digest_bytes(b"1")


def test_headers_are_kept_for_their_settings_alone(store: Path, files: list[Path]) -> None:
    def ask(settings: str, *, keep: bool = True) -> list[str]:
        opened: list[str] = []

        def header(path: Path, head: bytes | None) -> tuple[str, str]:
            assert head == path.read_bytes()
            opened.append(path.name)
            return settings if keep else "", f"{settings} {path.name}"

        told: list[tuple[int, int]] = []
        cache = FileCache.load(store, KEY)
        found = list(cache.headers(files, header, {settings}, lambda *progress: told.append(progress)))
        assert found == [(path, f"{settings} {path.name}") for path in files]
        assert told == [(done, 30) for done in range(1, 31)]
        assert cache.counts(files) == (len(opened), 30 - len(opened))
        cache.save()
        return opened

    assert len(ask("a", keep=False)) == 30
    assert len(ask("a")) == 30
    assert ask("a") == []
    _refresh(store, files)
    assert len(ask("b")) == 30
    assert ask("b") == []
    cache = FileCache.load(store, KEY)
    cache.digests(files)
    assert cache.counts(files) == (0, 30)  # new settings cost no digests


@pytest.mark.parametrize("damage", ["missing", "empty", "text", "truncated", "key", "columns", "types"])
def test_a_cache_that_cannot_be_used_is_as_none(store: Path, files: list[Path], read: list[str], damage: str) -> None:
    before = _refresh(store, files)
    read.clear()
    key, data, table = KEY, store.read_bytes(), read_table(store)
    provenance = {"key": FileCache(None, KEY)._hash(b"key")}
    if damage == "missing":
        store.unlink()
    elif damage == "key":
        key = b"j" * 32
    elif damage == "columns":
        write_table(store, table.drop_columns(["changed"]), provenance)
    elif damage == "types":
        write_table(store, table.set_column(4, "verified", pa.array([1.0] * 30)), provenance)
    else:
        store.write_bytes({"empty": b"", "text": b"PAR1 no table PAR1", "truncated": data[:-30]}[damage])
    cache = FileCache.load(store, key)
    assert cache.digests(files) == before
    assert cache.counts(files) == (30, 0)
    assert len(read) == 30
    cache.save()
    again = FileCache.load(store, key)
    assert again.digests(files) == before
    assert again.counts(files) == (0, 30)


@pytest.mark.slow
def test_a_flipped_bit_never_gives_another_digest(store: Path, files: list[Path]) -> None:
    before = _refresh(store, files)
    data = store.read_bytes()
    intact = 0
    for place in range(0, len(data), max(1, len(data) // 150)):
        store.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        cache = FileCache.load(store, KEY)
        assert cache.digests(files) == before
        intact += cache.counts(files)[1] == 30
    assert intact < 75


def test_a_save_that_is_killed_leaves_the_cache_before_it(
    store: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _refresh(store, files)
    data = store.read_bytes()
    cache = FileCache.load(store, KEY)
    cache.digests([_write(files[0].with_name("new"), b"new")])

    def replace(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            cache.save()
    assert store.read_bytes() == data
    assert [path.name for path in store.parent.iterdir()] == [store.name]


def test_long_work_is_saved_on_the_way(store: Path, files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_cache, "_SAVE_EVERY_S", -1.0)
    FileCache.load(store, KEY).digests(files[:20])  # and then it is killed
    assert read_table(store).num_rows == 20


def test_nothing_new_is_not_written(store: Path, files: list[Path]) -> None:
    _refresh(store, files)
    os.utime(store, ns=(OLD_NS, OLD_NS))
    cache = FileCache.load(store, KEY)
    cache.digests(files)
    cache.forget_unseen()
    cache.save()
    assert store.stat().st_mtime_ns == OLD_NS
    assert FileCache(None, KEY).save() is None


def test_files_that_are_gone_leave_the_cache(store: Path, files: list[Path]) -> None:
    _refresh(store, files)
    _refresh(store, files[:10])
    assert read_table(store).num_rows == 10


def test_the_cache_names_no_file_and_no_date(store: Path, files: list[Path]) -> None:
    path = _write(files[0].with_name("Müller_19511231.dcm"), b"x")
    _refresh(store, [*files, path])
    table = read_table(store).to_pydict()
    text = repr(table)
    for secret in ("Müller", "19511231", "data", str(OLD_NS), str(OLD_NS // 10**9)):
        assert secret not in text.replace(table["sha256"][0], "")
    assert {len(file) for file in table["file"]} == {24}
    other = FileCache(store.with_name("other"), b"j" * 32)
    other.digests(files)
    other.save()
    assert not set(table["file"]) & set(read_table(store.with_name("other"))["file"].to_pylist())
