"""Staleness: what moved since a run, in words; and which studies a refresh leaves without a current run."""

import os
from pathlib import Path
from typing import Any

import pytest

from features.core.storage.place import write_bytes
from features.core.storage.store import Store
from features.results.manifest import Mart
from features.results.runs import STUDY, run_bytes
from flows.provenance import STABILITY
from flows.staleness import RunState, newly_stale, run_state, stale_sentence
from tests.support.catalog import cohort_of, file_images, write_catalog
from tests.support.design import make_study

TODAY = {"study settings": "a" * 64, "tables of toy": "b" * 64, "tables of other": "c" * 64, "numpy": "2.4.6"}


class Place:
    """A store with runs, of which only what study.json says matters."""

    def __init__(self, folder: Path) -> None:
        self.store, self.catalog = Store(folder / "store"), write_catalog(folder, toy=cohort_of(file_images()))
        self.runs = 0

    def run(self, study: str = "mine", provenance: dict[str, str] | None = None, **facts: Any) -> Path:
        """A run with this provenance, newer than those before."""
        self.runs += 1
        folder = self.store.root / "studies" / study / f"{self.runs:016x}"
        told = {"study": make_study().model_dump(mode="json"), "provenance": {**TODAY, **(provenance or {})}, **facts}
        write_bytes(folder / STUDY, run_bytes(folder, told))
        os.utime(folder / STUDY, (self.runs, self.runs))
        return folder

    def state(self, folder: Path) -> tuple[str, str]:
        found = run_state(folder, Mart.open(self.store), self.catalog)
        return found.state, found.why

    def stale(self, *cohorts: str) -> list[str]:
        return [
            str(one.folder.relative_to(self.store.root / "studies"))
            for one in newly_stale(self.store, self.catalog, cohorts)
        ]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr("flows.staleness.study_provenance", lambda *_, **__: TODAY)
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ({"numpy": "2.4.5"}, "numpy 2.4.5 then, 2.4.6 now"),
        ({"pandas": "2.3.3"}, "pandas 2.3.3 then, none now"),
        ({"code of radweave": "d" * 64}, "the code of radweave changed"),
        ({"recipes": "d" * 64}, "recipes changed"),
        ({"tables of toy": "d" * 64, "numpy": "2.4.5"}, "cohort toy: its tables changed; numpy 2.4.5 then, 2.4.6 now"),
    ],
)
def test_what_moved_is_told_in_words(place: Place, before: dict[str, str], why: str) -> None:
    assert place.state(place.run()) == ("current", "")
    assert place.state(place.run(provenance=before)) == ("stale", why)


def test_stability_that_was_measured_since_makes_a_run_stale(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = place.run()
    monkeypatch.setattr("flows.staleness.study_provenance", lambda *_, **__: {**TODAY, STABILITY: "e" * 64})
    assert place.state(folder) == ("stale", "stability of its cohorts was measured since")
    assert place.state(place.run(provenance={STABILITY: "f" * 64})) == ("stale", "stability of its cohorts changed")
    assert place.state(place.run(provenance={STABILITY: "e" * 64})) == ("current", "")


def test_a_run_that_cannot_be_judged_says_why(place: Place) -> None:
    folder = place.run()
    damaged = place.run()
    (damaged / STUDY).write_bytes((damaged / STUDY).read_bytes()[:-20])
    assert place.state(damaged)[0] == "damaged"
    old = place.run(study="older", provenance={})
    write_bytes(old / STUDY, run_bytes(old, {"study": {"models": [{"kind": "svm", "k": [10]}]}}))
    assert place.state(old) == ("unknown", "its settings are of another radweave")
    place.catalog.unlink()
    assert place.state(folder) == (
        "unknown",
        f"{place.catalog}: there is no such file; name it by --catalog or RADWEAVE_CATALOG",
    )


def test_a_refresh_names_studies_whose_newest_run_it_made_stale(place: Place) -> None:
    moved = {"tables of toy": "d" * 64}
    place.run("moved", moved)
    newest = place.run("moved", moved)
    place.run("current", moved)
    place.run("current")
    place.run("code", {"code of radweave": "d" * 64})
    assert place.stale("toy") == [f"moved/{newest.name}"]
    assert place.stale("other") == []
    assert place.stale("toy", "other") == [f"moved/{newest.name}"]


def test_a_sentence_names_the_command(tmp_path: Path) -> None:
    own, ours = (RunState(tmp_path / name / "1", "stale", "why") for name in ("mine", "builtin_response"))
    said = "stale now: study builtin_response (why): run radweave study builtin_response --store s"
    assert stale_sentence(ours, " --store s") == said
    assert stale_sentence(own) == "stale now: study mine (why): run radweave study FILE, its file"
