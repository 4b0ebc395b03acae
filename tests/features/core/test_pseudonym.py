"""Pseudonyms: stable with one key, useless without it."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest

from features.core.errors import RadweaveError
from features.core.pseudonym import KEY_VARIABLE, canonical_id, key_file, load_key, pseudonym

KEY = b"k" * 64


@pytest.fixture
def key_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "keys" / "a.key"
    monkeypatch.setenv(KEY_VARIABLE, str(path))
    return path


def test_the_key_is_made_once_and_for_its_owner_alone(key_path: Path) -> None:
    key = load_key()
    assert len(key) == 64
    assert stat.S_IMODE(key_path.stat().st_mode) == 0o600
    assert load_key() == key


def test_two_keys_differ(key_path: Path) -> None:
    first = load_key()
    key_path.unlink()
    assert load_key() != first


@pytest.mark.parametrize("text", ["", "short", " " * 80, "k" * 31 + "\n"])
def test_a_short_key_is_refused(key_path: Path, text: str) -> None:
    key_path.parent.mkdir()
    key_path.write_text(text)
    with pytest.raises(RadweaveError, match=r"a\.key: the pseudonym key is shorter than 32 characters"):
        load_key()


def test_a_key_that_is_no_text_is_refused_without_showing_it(key_path: Path) -> None:
    key_path.parent.mkdir()
    key_path.write_bytes(b"\xff" * 64)
    with pytest.raises(RadweaveError, match=f"the pseudonym key cannot be read; set {KEY_VARIABLE}"):
        load_key()
    key_path.unlink()
    key_path.mkdir()
    with pytest.raises(RadweaveError, match="cannot be read"):
        load_key()


def test_a_place_where_no_key_can_be_made_is_named(key_path: Path) -> None:
    key_path.parent.write_text("a file")
    with pytest.raises(RadweaveError, match=rf"a\.key: .*pseudonym key can.*; set {KEY_VARIABLE}"):
        load_key()


def test_without_the_variable_the_key_lies_in_the_configuration_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert key_file() == tmp_path / "radweave" / "pseudonym.key"


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
