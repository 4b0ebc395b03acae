"""Multipart answers: every way in which pieces may be cut, and bodies that end too early."""

from pathlib import Path

import pytest

from features.pacs.multipart import save_parts
from features.pacs.server import Incomplete

TYPE = 'multipart/related; type="application/dicom"; boundary="edge"'
BODY = b"--edge\r\nContent-Type: a\r\n\r\nfirst\r\n--edg not yet\r\n--edge\r\n\r\nsecond\r\n\r\n\r\n--edge--\r\n"
PARTS = [b"first\r\n--edg not yet", b"second\r\n\r\n"]


def _cut(body: bytes, size: int) -> list[bytes]:
    return [body[i : i + size] for i in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 11, 1000])
def test_parts_do_not_depend_on_how_they_arrive(tmp_path: Path, size: int) -> None:
    found = list(save_parts(TYPE, _cut(BODY, size), tmp_path))
    assert [path.read_bytes() for path in found] == PARTS
    assert {path.name[0] + path.suffix for path in found} == {"..tmp"}


@pytest.mark.parametrize("end", [0, 3, 30, 50, len(BODY) - 8, len(BODY) - 4])
def test_a_body_without_its_closing_boundary_is_incomplete(tmp_path: Path, end: int) -> None:
    whole = []
    with pytest.raises(Incomplete):
        whole.extend(path.read_bytes() for path in save_parts(TYPE, _cut(BODY[:end], 5), tmp_path))
    assert whole == PARTS[: len(whole)]
    assert len(list(tmp_path.iterdir())) == len(whole), "half a part is left"


def test_a_preamble_and_what_follows_the_end_are_dropped(tmp_path: Path) -> None:
    found = list(save_parts(TYPE, [b"hello\r\n" + BODY + b"bye"], tmp_path))
    assert [path.read_bytes() for path in found] == PARTS


def test_a_single_instance_needs_no_multipart(tmp_path: Path) -> None:
    assert [path.read_bytes() for path in save_parts("application/dicom", [b"a", b"b"], tmp_path)] == [b"ab"]
    with pytest.raises(ValueError, match="boundary"):
        list(save_parts("multipart/related", [b""], tmp_path))
