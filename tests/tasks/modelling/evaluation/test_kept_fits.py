"""Kept fits: every shape comes back bit for bit, damage is seen, and writers may be many."""

from __future__ import annotations

import pickle
import threading
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from features.core.errors import DamagedError, StoreError
from features.core.storage.store import FIT, Store
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.fit_address import FitAddress
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.modelling.prediction import Incidence, Prediction
from tasks.modelling.splits.split import Fold
from tests.support.fits import assert_same_fit

FOLD = Fold("fold 1", 0, np.arange(5), np.arange(5, 9))
ADDRESS = FitAddress("a" * 64, ("toy",))
EMPTY = Fit("all", "nested", FOLD, "svm")
ODD = np.array([1 / 3, -0.0, 5e-324, 1e300])
SHAPES = {
    "nothing": None,
    "risk": Prediction(risk=ODD),
    "probability": Prediction(probability=np.arange(12.0).reshape(4, 3) / 7),
    "ranks": Prediction(risk=ODD, probability=np.full((4, 2), 0.5)),
    "value": Prediction(risk=ODD, value=ODD[::-1]),
    "curves": Prediction(ODD, incidence=Incidence(np.array([3.5, 9.0]), np.arange(16.0).reshape(4, 2, 2) / 30)),
    "nobody": Prediction(probability=np.empty((0, 3))),
}


def find(kept: KeptFits, fit: Fit, address: FitAddress = ADDRESS) -> Fit | None:
    return kept.find(address, fit.blocks, fit.split, fit.fold, fit.model)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_prediction_comes_back_bit_for_bit(shape: str, tmp_path: Path) -> None:
    kept = KeptFits(Store(tmp_path))
    fit = replace(EMPTY, prediction=SHAPES[shape], reason="" if SHAPES[shape] else "one class")
    assert find(kept, fit) is None
    assert_same_fit(fit, kept.keep(ADDRESS, fit))
    assert_same_fit(fit, find(kept, fit))


def test_all_that_is_said_of_a_fit_comes_back(tmp_path: Path) -> None:
    kept = KeptFits(Store(tmp_path))
    fit = replace(
        EMPTY,
        cut=0.1 + 0.2,
        line=(0.1 + 0.7, float("nan")),
        selected={"radiomics__ä": -1.5, "clinical_age": float("nan"), "b": float("inf")},
        shares={"radiomics": 0.25, "clinical": 0.75},
        encoded={"b": "deep"},
        settings=6,
        chosen={"C": 0.3, "k": 10, "kernel": "rbf", "depth": None, "by_block": {"deep": {"k": 5}}},
        warnings=Counter({"ConvergenceWarning: x": 3, "a": 1}),
        remarks=Counter({"3 values": 2}),
        prediction=SHAPES["ranks"],
        reason="of some kind",
    )
    named = {"blocks", "split", "fold", "model", "fitted"}  # whoever asks for a fit knows these
    assert [one.name for one in fields(Fit) if getattr(fit, one.name) is getattr(EMPTY, one.name)] == [
        one.name for one in fields(Fit) if one.name in named
    ]
    assert_same_fit(fit, kept.keep(ADDRESS, fit))
    assert_same_fit(fit, find(kept, fit))


def test_what_is_handed_on_is_what_a_later_run_reads(tmp_path: Path) -> None:
    """Types that JSON does not know would make a resumed study differ from one that was never interrupted."""
    kept = KeptFits(Store(tmp_path))
    fit = replace(EMPTY, selected={"a": np.float64(1.5)}, chosen={"C": np.float64(0.3), "k": np.int64(10), "w": (1, 2)})
    given = kept.keep(ADDRESS, fit)
    assert given.chosen == {"C": 0.3, "k": 10, "w": [1, 2]}
    assert_same_fit(given, find(kept, fit))


def test_a_damaged_fit_is_said_and_forgotten(tmp_path: Path) -> None:
    kept = KeptFits(Store(tmp_path))
    kept.keep(ADDRESS, EMPTY)
    path = kept.store.work(FIT, ADDRESS.digest)
    whole = path.read_bytes()
    for data in (whole[:-3], whole[:40] + bytes([whole[40] ^ 1]) + whole[41:], b""):
        path.write_bytes(data)
        with pytest.raises(DamagedError, match=r"is damaged"):
            find(kept, EMPTY)
    kept.forget(ADDRESS)
    assert kept.place(ADDRESS) == f"work/fit/aa/{ADDRESS.digest}.parquet"
    assert find(kept, EMPTY) is None


def test_a_fit_of_another_address_is_damage(tmp_path: Path) -> None:
    kept = KeptFits(Store(tmp_path))
    kept.keep(ADDRESS, EMPTY)
    other = FitAddress("b" * 64, ("toy",))
    target = kept.store.work(FIT, other.digest)
    target.parent.mkdir(parents=True)
    kept.store.work(FIT, ADDRESS.digest).rename(target)
    with pytest.raises(DamagedError, match="another address"):
        find(kept, EMPTY, other)
    with pytest.raises(DamagedError, match="another address"):
        kept.store.check(FIT, other.digest)


def test_many_writers_of_one_fit_leave_it_whole(tmp_path: Path) -> None:
    kept = KeptFits(Store(tmp_path))
    fit = replace(EMPTY, prediction=Prediction(risk=np.arange(4.0)))
    threads = [threading.Thread(target=kept.keep, args=(ADDRESS, fit)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_same_fit(fit, find(kept, fit))
    assert [path.name for path in kept.store.work(FIT, ADDRESS.digest).parent.iterdir()] == [
        f"{ADDRESS.digest}.parquet"
    ]


def refused() -> AbstractContextManager[None]:
    raise StoreError("a case was withdrawn while the study ran")


def test_nothing_is_kept_where_writing_is_refused(tmp_path: Path) -> None:
    kept = pickle.loads(pickle.dumps(KeptFits(Store(tmp_path), refused)))  # noqa: S301 (as workers get it)
    with pytest.raises(StoreError, match="withdrawn"):
        kept.keep(ADDRESS, EMPTY)
    assert find(kept, EMPTY) is None
