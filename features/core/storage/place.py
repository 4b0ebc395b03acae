"""Places: files of the store, on a local disk or on object storage. What is written is whole or absent, and durable.

A place is a `Path`; for a URL (s3://bucket/folder) it is a `UPath`, which has the same methods.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from traceback import walk_tb
from typing import Any, cast

from features.core.errors import MachineError, NetworkError, RadweaveError, StoreError

Bytes = bytes | memoryview
TEMPORARY = ".tmp"  # ending of files that were being written when the process was killed


def open_place(text: str | Path) -> Path:
    """The place of a path or URL. Raises RadweaveError if the protocol is unknown or its package is missing."""
    if not re.match(r"^[a-z][a-z0-9+.-]*://", str(text)):
        return Path(text)
    from upath import UPath

    try:
        place = UPath(str(text), use_listings_cache=False)  # other processes write there too
        _ = place.fs
    except ImportError as error:
        raise MachineError(f'{text}: object storage needs the extra "s3": pip install "radweave[s3]"') from error
    except ValueError as error:
        raise RadweaveError(f"{text}: {error}") from error
    return cast(Path, place)


def is_remote(path: Path) -> bool:
    """Whether a place is on object storage: no links, no locks, no durable rename; but each file is whole by itself."""
    return hasattr(path, "fs") and not isinstance(path, os.PathLike)


def remote_fault(error: Exception, what: str = "") -> RadweaveError | None:
    """What is to be said of an error that object storage gave; None if it comes from elsewhere.

    what: the place and what was tried. A bucket that is not there is a fault of the store; all else is one of the network:
    nothing answers, or it refuses. The libraries' errors have no base in common, so that the way they came tells; but a
    slip of a program is a bug, wherever it shows.
    """
    if isinstance(error, TypeError | AttributeError | NameError | AssertionError):
        return None
    frames = [frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__)]
    if not any(name.split(".")[0] in ("fsspec", "s3fs") for name in frames):
        return None
    kind = StoreError if isinstance(error, FileNotFoundError) else NetworkError
    hint = "" if kind is StoreError else "; check the address (AWS_ENDPOINT_URL) and the credentials"
    return kind(f"{what or 'object storage cannot be used'}: {getattr(error, 'strerror', None) or error}{hint}")


def _fault(error: Exception, what: str) -> RadweaveError:
    """What is to be said of an error of files, local or remote; any other is raised."""
    if found := remote_fault(error, what):
        return found
    if isinstance(error, OSError):
        return StoreError(f"{what}: {error.strerror or error}")
    raise error


def file_system(path: Path) -> Any:
    """The fsspec file system of a remote place."""
    return path.fs  # type: ignore[attr-defined]


def write_bytes(path: Path, data: Bytes) -> None:
    """Write a file so that after a crash it is either whole or absent: temporary file, fsync, rename, fsync of the folder.

    Raises StoreError if the disk is full or not writable; NetworkError if object storage does not answer.
    """
    _write(path, data, exclusive=False)


def create_bytes(path: Path, data: Bytes) -> bool:
    """Write a file as `write_bytes`, unless it is there: of several writers one succeeds. False: it was there."""
    return _write(path, data, exclusive=True)


def _write(path: Path, data: Bytes, *, exclusive: bool) -> bool:
    if is_remote(path):
        return _put(path, data, exclusive=exclusive)
    try:
        with temporary_file(path.parent, path.name) as temporary:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if not exclusive:
                temporary.replace(path)
            else:
                try:
                    os.link(temporary, path)
                except FileExistsError:
                    return False
        sync_folder(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({len(data)} bytes): {error.strerror or error}") from error
    return True


@contextlib.contextmanager
def temporary_file(folder: Path, name: str = "table") -> Iterator[Path]:
    """An empty file in a local folder, which is made if need be; it is gone afterwards, unless it was given another name."""
    folder.mkdir(parents=True, exist_ok=True)
    handle, place = tempfile.mkstemp(prefix=f".{name}.", suffix=TEMPORARY, dir=folder)
    os.close(handle)
    temporary = Path(place)
    try:
        temporary.chmod(0o644)
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def put_file(temporary: Path, path: Path) -> None:
    """Give a written temporary file its name, so that after a crash it is whole there, or not there."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def _put(path: Path, data: Bytes, *, exclusive: bool) -> bool:
    """One request: object storage shows the new object whole, and refuses a second `create`."""
    try:
        file_system(path).pipe_file(path.path, bytes(data), mode="create" if exclusive else "overwrite")  # type: ignore[attr-defined]
    except FileExistsError:
        return False
    except Exception as error:
        raise _fault(error, f"{path}: cannot be written ({len(data)} bytes)") from error
    return True


def sync_folder(folder: Path) -> None:
    """Make the entries of a local folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_bytes(path: Path) -> bytes:
    """A whole file. Raises StoreError if it is missing or cannot be read; NetworkError if nobody answers."""
    try:
        return path.read_bytes()
    except Exception as error:
        raise _fault(error, f"{path}: cannot be read") from error


def is_folder(folder: Path) -> bool:
    """Whether a folder is there; on object storage, whether anything lies below it. Raises NetworkError if nobody answers."""
    try:
        return folder.is_dir()
    except Exception as error:
        raise _fault(error, f"{folder}: cannot be read") from error


def is_file(path: Path) -> bool:
    """Whether a file is there. Raises NetworkError if nobody answers, which `Path.is_file` takes for absence."""
    try:
        return bool(file_system(path).info(path.path)["type"] == "file") if is_remote(path) else path.is_file()  # type: ignore[attr-defined]
    except FileNotFoundError:
        return False
    except Exception as error:
        raise _fault(error, f"{path}: cannot be read") from error


def find_files(folder: Path) -> list[str]:
    """Names of all files below a folder, relative to it, sorted; none if it is absent. Links to folders are not followed.

    Raises StoreError if it cannot be read; NetworkError if nobody answers.
    """
    if is_remote(folder):
        root = folder.path.rstrip("/") + "/"  # type: ignore[attr-defined]
        try:
            found = file_system(folder).find(root)
        except Exception as error:
            raise _fault(error, f"{folder}: cannot be read") from error
        return sorted(name.removeprefix(root) for name in found if name.startswith(root))
    return sorted(_walk(str(folder), ""))


def _walk(folder: str, prefix: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read: {error.strerror or error}") from error
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name


def remove_file(path: Path) -> None:
    """Remove a file if it is there. Raises StoreError if that is not allowed; NetworkError if nobody answers."""
    try:
        path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except Exception as error:
        raise _fault(error, f"{path}: cannot be removed") from error
