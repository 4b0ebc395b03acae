"""PET of a simulated patient: uptake comes back from activity, dose and weight; masks are those of the CT."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pydicom
import pytest

from features.images.dicom.suv import to_unit
from features.simulate.grid import Grid
from features.simulate.kinds.pet import Pet
from features.simulate.streams import stream
from features.simulate.write_dicom import StudyFacts
from features.simulate.write_pet import Injected, write_pet


def test_uptake_is_computed_from_the_headers_as_it_was_planted(tmp_path: Path) -> None:
    grid = Grid.centred((3, 8, 8), (4.0, 4.0, 4.0))
    suv = stream(1, "suv").uniform(0.1, 12, grid.shape).astype(np.float32)
    facts = StudyFacts((1,), "A-0001", "female", date(2020, 3, 4), "baseline")
    write_pet(tmp_path / "PET", suv, grid, facts, Injected(290.0, 63.0, 71.0, 1.7), "Northlight")
    slices = [pydicom.dcmread(path) for path in sorted((tmp_path / "PET").iterdir())]
    activity = np.stack([one.pixel_array * np.float32(one.RescaleSlope) for one in slices])
    found = to_unit(activity, slices, "SUV")
    assert np.allclose(found.array, suv, rtol=1e-3, atol=2e-3)
    assert found.facts["DecaySeconds"] == 63 * 60


def test_the_pet_takes_the_mask_of_the_ct_at_every_centre() -> None:
    plan = Pet()
    images = plan.cohort("development", plan.sites[:3])["images"]
    assert [one["mask"] for one in images if one["modality"] == "PT"] == [{"format": "of", "image": "CT"}] * 3


def test_uptake_and_size_tell_of_molecules_and_not_of_metastasis() -> None:
    plan = Pet()
    people = plan.draw(stream(1, "people"), plan.sites[3], 20_000)
    level = np.log(people["suv"])
    assert all(np.corrcoef(level, people[one])[0, 1] > 0.4 for one in ("her2", "ldha", "pdl1"))
    assert abs(np.corrcoef(np.log(people["volume_ml"]), people["ldha"])[0, 1]) < 0.03
    assert np.corrcoef(level, people["early_metastasis"])[0, 1] == pytest.approx(0, abs=0.03)
    assert np.corrcoef(people["state"], people["her2"])[0, 1] == pytest.approx(0, abs=0.03)
