"""Digests: equal contents are equal addresses."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.core.digest import digest_bytes, digest_file, digest_files, digest_json


def test_known_digest_of_bytes_and_file(tmp_path: Path) -> None:
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # NIST FIPS 180-2, "abc"
    assert digest_bytes(b"abc") == expected
    (tmp_path / "x").write_bytes(b"abc")
    assert digest_file(tmp_path / "x") == expected


def test_files_count_by_their_bytes_alone(tmp_path: Path) -> None:
    for name, text in {"a": "1", "b": "2", "c": "1"}.items():
        (tmp_path / name).write_text(text)
    a, b, c = (tmp_path / name for name in "abc")
    assert digest_files([a, b]) == digest_files([b, c])
    assert digest_files([a, b]) != digest_files([a, c])
    assert digest_files([a]) != digest_files([a, c])


def test_json_counts_by_its_values() -> None:
    assert digest_json({"a": [1, 2], "b": None}) == digest_json({"b": None, "a": (1, 2)})
    assert digest_json({"a": [1, 2]}) != digest_json({"a": [2, 1]})
    assert digest_json({"a": 1}) != digest_json({"a": "1"})


def test_nan_has_no_address() -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        digest_json({"a": float("nan")})
