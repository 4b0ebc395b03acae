"""Pseudonyms: stable with one key, useless without it."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from features.core.errors import RadweaveError
from features.core.pseudonym import (
    KEY_VARIABLE,
    NoKeyError,
    canonical_id,
    fingerprint,
    key_file,
    load_key,
    make_key,
    pseudonym,
)

KEY = b"k" * 64


@pytest.fixture
def key_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys" / "a.key"
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    return path


def test_a_key_is_made_when_asked_for_and_for_its_owner_alone(key_path: Path) -> None:
    with pytest.raises(NoKeyError, match=f"there is no pseudonym key; set {KEY_VARIABLE}.*radweave make-key"):
        load_key()
    assert not key_path.parent.exists()
    key = make_key()
    assert len(key) == 64
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    assert load_key() == make_key() == key
    assert [path.name for path in key_path.parent.iterdir()] == ["a.key"]
    key_path.unlink()
    assert make_key() != key


def test_a_fingerprint_tells_keys_apart_and_does_not_show_them() -> None:
    assert re.fullmatch("[0-9a-f]{32}", fingerprint(KEY))
    assert len({fingerprint(KEY), fingerprint(b"x" * 64), fingerprint(KEY[:63])}) == 3


@pytest.mark.parametrize(
    ("text", "why"),
    [
        *((text, "is shorter than 32 characters") for text in ("", "short", " " * 80, "k" * 31 + "\n")),
        ("k" * 64 + "\n" + "x" * 64 + "\n", "has blanks or several lines"),
    ],
)
def test_a_key_that_is_none_is_refused(key_path: Path, text: str, why: str) -> None:
    key_path.parent.mkdir()
    key_path.write_text(text)
    for load in (load_key, make_key):
        with pytest.raises(RadweaveError, match=rf"a\.key: the pseudonym key {why}; set {KEY_VARIABLE}"):
            load()
    assert key_path.read_text() == text


def test_a_key_that_is_no_text_is_refused_without_showing_it(key_path: Path) -> None:
    key_path.parent.mkdir()
    key_path.write_bytes(b"\xff" * 64)
    with pytest.raises(RadweaveError, match=rf"the pseudonym key cannot be read \(it is no text\); set {KEY_VARIABLE}"):
        load_key()
    key_path.unlink()
    key_path.mkdir()
    with pytest.raises(RadweaveError, match="cannot be read"):
        load_key()


def test_a_place_where_no_key_can_be_made_is_named(key_path: Path) -> None:
    key_path.parent.write_text("a file")
    for load in (load_key, make_key):
        with pytest.raises(RadweaveError, match=rf"a\.key: .*pseudonym key can.*; set {KEY_VARIABLE}"):
            load()


def test_without_the_variable_the_key_lies_in_the_configuration_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert key_file() == tmp_path / "radweave" / "pseudonym.key"
    monkeypatch.delenv("XDG_CONFIG_HOME")

    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", homeless)
    with pytest.raises(RadweaveError, match=f"no home folder to keep the pseudonym key in; set {KEY_VARIABLE}"):
        key_file()


def test_a_pseudonym_is_stable_across_versions() -> None:
    assert pseudonym(KEY, "sts", "STS_002") == "cwvf6uiltk3w"


def test_blanks_and_decomposed_letters_are_the_same_patient() -> None:
    assert pseudonym(KEY, "a", " M\u00fcller ") == pseudonym(KEY, "a", "Mu\u0308ller")
    assert canonical_id(" 007\t") == "007"


def test_cohort_patient_and_key_all_count() -> None:
    ids = ["7", "07", "007", "NA", "nan", "P1", "p1"]
    found = [pseudonym(KEY, cohort, patient) for cohort in ("a", "b") for patient in ids]
    found += [pseudonym(b"x" * 64, "a", patient) for patient in ids]
    assert len(set(found)) == len(found)
    assert all(re.fullmatch("[a-z2-7]{12}", code) for code in found)


def test_cohort_and_patient_do_not_run_into_each_other() -> None:
    assert pseudonym(KEY, "ab", "c") != pseudonym(KEY, "a", "bc")
