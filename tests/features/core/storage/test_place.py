"""Places: what is written is whole or absent, whatever ends the writer; one of several creators wins."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from features.core.errors import NetworkError, RadweaveError, StoreError
from features.core.storage.place import (
    create_bytes,
    find_files,
    is_folder,
    is_remote,
    open_place,
    read_bytes,
    remove_file,
    write_bytes,
)


def test_folder_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot be written \(3 bytes\)"):
        write_bytes(tmp_path / "file" / "x", b"abc")


def test_a_file_where_a_folder_should_be_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="refreshes: cannot be read: Not a directory"):
        find_files(tmp_path / "file" / "refreshes")
    assert not is_folder(tmp_path / "file")
    assert is_folder(tmp_path)


def test_unwritable_folder_is_a_store_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        (tmp_path / "probe").touch()
    except PermissionError:
        with pytest.raises(StoreError, match=r"x: cannot be written \(3 bytes\): Permission denied"):
            write_bytes(tmp_path / "x", b"abc")
        assert list(tmp_path.iterdir()) == []
    else:
        pytest.skip("this user may write everywhere")
    finally:
        tmp_path.chmod(0o700)


FULL = """
import resource, sys
from pathlib import Path
from features.core.errors import StoreError
from features.core.storage.place import write_bytes
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_bytes(Path(sys.argv[1]), b"n" * 5000)
except StoreError as error:
    print(error)
"""


def test_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True)
    assert "x: cannot be written (5000 bytes): File too large" in done.stdout
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["x"]


FOREVER = """
import sys
from pathlib import Path
from features.core.storage.place import write_bytes
path = Path(sys.argv[1])
print("begin", flush=True)
while True:
    for letter in (b"a", b"b"):
        write_bytes(path, letter * 3_000_000)
"""


def test_kill_in_the_middle_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_bytes(path, b"a" * 3_000_000)
    for trial in range(4):
        process = subprocess.Popen([sys.executable, "-c", FOREVER, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.02 + 0.013 * trial)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        data = path.read_bytes()
        assert len(data) == 3_000_000
        assert set(data) in ({ord("a")}, {ord("b")})
        write_bytes(path, b"a" * 3_000_000)  # what a killed writer left does not stand in the way


def _create(path: Path, word: bytes) -> bool:
    return create_bytes(path, word)


def test_one_of_many_creators_wins_and_its_bytes_stay(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x"
    words = [f"{i}".encode() * 50_000 for i in range(6)]
    with multiprocessing.get_context("fork").Pool(3) as pool:
        won = pool.starmap(_create, [(path, word) for word in words])
    assert won.count(True) == 1
    assert path.read_bytes() == words[won.index(True)]
    assert os.listdir(path.parent) == ["x"]  # noqa: PTH208


def test_files_are_found_by_names_relative_to_the_folder(tmp_path: Path) -> None:
    for name in ("b/2", "a", "b/1", "b/c/3"):
        write_bytes(tmp_path / "store" / name, b"x")
    (tmp_path / "store" / "link").symlink_to(tmp_path, target_is_directory=True)
    assert find_files(tmp_path / "store") == ["a", "b/1", "b/2", "b/c/3", "link"]
    assert find_files(tmp_path / "nothing") == []


def test_removing_twice_is_fine(tmp_path: Path) -> None:
    write_bytes(tmp_path / "x", b"x")
    remove_file(tmp_path / "x")
    remove_file(tmp_path / "x")
    with pytest.raises(StoreError, match="x: cannot be read: No such file"):
        read_bytes(tmp_path / "x")


def test_paths_are_local_and_unknown_protocols_are_named() -> None:
    assert open_place("store") == Path("store")
    assert not is_remote(open_place("/a/b"))
    with pytest.raises(RadweaveError, match="nosuch://bucket"):
        open_place("nosuch://bucket/store")


TMPFS = """
set -e
mount -t tmpfs -o size=1m tmpfs "$1"
exec "$2" -c "
import sys
from pathlib import Path
from features.core.errors import StoreError
from features.core.storage.place import write_bytes
folder = Path(sys.argv[1])
write_bytes(folder / 'x', b'old')
try:
    write_bytes(folder / 'x', b'n' * 3_000_000)
except StoreError as error:
    print(error)
print((folder / 'x').read_bytes(), [path.name for path in folder.iterdir()])
" "$1"
"""


def test_a_full_disk_is_told_with_the_bytes_needed(tmp_path: Path) -> None:
    """STO_FULL, on a real file system of one megabyte in a mount namespace of its own."""
    probe = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this user may not mount a small file system")
    command = ["unshare", "-m", "sh", "-c", TMPFS, "sh", str(tmp_path), sys.executable]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": "."})
    if "mount" in done.stderr:
        pytest.skip("this user may not mount a small file system")
    assert "x: cannot be written (3000000 bytes): No space left on device" in done.stdout
    assert done.stdout.endswith("b'old' ['x']\n")


def test_a_slip_inside_object_storage_s_libraries_stays_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = open_place("memory://slip")
    for error, told in ((TypeError("slip"), TypeError), (ConnectionError("nobody answers"), NetworkError)):

        def fail(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem._open", fail)
        with pytest.raises(told):
            read_bytes(folder / "file")
