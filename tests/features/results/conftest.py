"""Tiny NIfTI scans, and an extractor that counts its calls and fails on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from features.core.case import CaseId, Scan
from features.core.column import Column
from features.core.digest import digest_json
from features.core.kinds.extractor import Extractor
from features.core.kinds.preparation import Preparation
from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import Pixels, Sampling, Shape, Shown, to_unit
from features.core.quarantine import Quarantined, Rejected
from features.core.region import Region, Vector
from features.core.storage.store import Store
from features.core.storage.table import Schema
from features.images.index.index_cohort import Index
from features.results.known_results import KnownResults
from features.results.measure_visit import measure_visit
from features.results.patients import Tables
from features.results.publish import publish
from features.results.published import Published
from features.results.work import check_of, features_of, fits, plan_scans
from features.tables.patient import KEY, PatientTable
from tests.support.measured import compute, job, measured
from tests.support.scans import nifti_files

calls: list[int] = []  # sizes of the batches that the extractor saw
failures: dict[float, Exception] = {}  # mean of the ROI, rounded → what is raised there


class Means(Extractor):
    kind: Literal["means"] = "means"
    block: ClassVar[Literal["radiomics", "deep"]] = "radiomics"
    power: int = 1

    @property
    def version(self) -> str:
        return "means 1"

    def columns(self, recipe: Recipe) -> list[Column]:
        names = ("mean", "undefined")
        return [Column(name, "float64", f"the {name} of the ROI", family="test") for name in names]

    def extract_batch(self, regions: Sequence[Region], recipe: Recipe) -> list[Mapping[str, float]]:
        calls.append(len(regions))
        for region in regions:
            if round(float(region.values.mean())) in failures:
                raise failures[round(float(region.values.mean()))]
        return [{"mean": float(region.values.mean()) ** self.power, "undefined": float("nan")} for region in regions]


class Batched(Means):
    kind: Literal["batched"] = "batched"  # type: ignore[assignment]
    block: ClassVar[Literal["radiomics", "deep"]] = "deep"
    batched: ClassVar[bool] = True

    @property
    def shown(self) -> tuple[Shown, ...]:
        return (Shown(MeanSampling(), Shape((1, 1), 1)),)

    def extract_samples(self, samples: Sequence[Sequence[Pixels]]) -> list[Mapping[str, float]]:  # type: ignore[override]
        calls.append(len(samples))
        means = [1000 * float(to_unit(views).item()) for (views,) in samples]
        for mean in means:
            if round(mean) in failures:
                raise failures[round(mean)]
        return [{"mean": mean**self.power, "undefined": float("nan")} for mean in means]


class MeanSampling(Sampling):
    """The mean of the ROI in thousands, as a picture of one pixel."""

    kind: Literal["mean"] = "mean"
    dimensions: ClassVar[Literal[2, 3]] = 2
    version: ClassVar[str] = "1"

    @property
    def views(self) -> tuple[str, ...]:
        return ("mean",)

    def channels(self, images: int) -> int:
        return images

    def reach_mm(self, extent_mm: Vector, spacing_mm: Vector, shape: Shape) -> Vector:
        return 0.0, 0.0, 0.0

    def sample(self, regions: Sequence[Region], preparation: Preparation, shape: Shape) -> NDArray[np.float32]:
        (region,) = regions
        return np.full((1, 1, 1, 1), float(region.values.mean()) / 1000, np.float32)


@pytest.fixture(autouse=True)
def forget() -> None:
    calls.clear()
    failures.clear()


@pytest.fixture
def seen() -> list[int]:
    return calls


@pytest.fixture
def fail() -> dict[float, Exception]:
    return failures


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def make_recipe() -> Callable[..., Recipe]:
    def build(*extractors: Extractor, name: str = "ct", **settings: Any) -> Recipe:
        settings = {"discretise": {"bin_count": 8}, "window": [0, 1], "modality": "CT", "unit": "HU", **settings}
        return Recipe.model_validate({"name": name, "extractors": list(extractors) or [Means()], **settings})

    return build


@pytest.fixture
def kinds() -> dict[str, type[Extractor]]:
    return {"means": Means, "batched": Batched}


@pytest.fixture
def make_scan(tmp_path: Path) -> Callable[..., Scan]:
    """A scan of 12³ voxels whose 4×4×4 ROI has the given mean."""

    def build(patient: str, mean: float = 50.0, *, modality: str = "CT", centre: str = "A", **knobs: Any) -> Scan:
        array = np.random.default_rng(round(mean)).normal(0.0, 2.0, (12, 12, 12))
        mask = np.zeros(array.shape, np.uint8)
        mask[3:7, 3:7, 3:7] = not knobs.get("empty", False)
        array[3:7, 3:7, 3:7] += mean - array[3:7, 3:7, 3:7].mean()
        timepoint = knobs.get("timepoint", "baseline")
        folder = tmp_path / "scans" / f"{patient}_{modality}_{timepoint}"
        affine = np.diag([1.0, 1.0, 2.0, 1.0])
        image = nifti_files(folder / "image.nii.gz", array.astype(np.float32), affine)
        files = image, nifti_files(folder / "mask.nii.gz", mask, affine)
        unit = {"CT": "HU", "PT": "SUV", "MR": "arbitrary"}[modality]
        case = CaseId("demo", patient, timepoint)
        return Scan(case, centre, modality, unit, files[0], files[1], "1")  # type: ignore[arg-type]

    return build


def _tables(patients: Sequence[str], ages: Mapping[str, float], refused: str) -> Tables:
    """A clinical table of patients, and one who was rejected."""
    columns = (*KEY, Column("age", "float64", "age", unit="years"))
    rows = [
        {"patient": patient, "cohort": "demo", "centre": "A", "age": ages.get(patient, 60.0)} for patient in patients
    ]
    lost = Quarantined("demo", "A", f"demo:{refused}", "", "tables", "TAB_TIME", "bad time", {"column": "os"})
    table = PatientTable(Schema("clinical", columns).table(rows), columns, (lost,))
    return Tables(digest_json([sorted(patients), dict(ages)]), lambda: {"clinical": table})


@pytest.fixture
def refresh(store: Store) -> Callable[..., Published]:
    """What a refresh does, without tasks: `refresh(scans, recipe)` checks, extracts and publishes what is not known."""

    def build(
        scans: Sequence[Scan],
        *recipes: Recipe,
        rejected: Sequence[Quarantined] = (),
        patients: Sequence[str] = ("p1", "p2"),
        cohort: str = "demo",
        withdrawn: int = 0,
        lost: Sequence[str] = (),
        ages: Mapping[str, float] = MappingProxyType({}),
        refused: str = "p9",
    ) -> Published:
        known = KnownResults(store, cohort)
        for scan in scans:
            if not known.knows(check_of(scan)):
                measure_visit(job(scan, check_of(scan)), store)
        for recipe in recipes:
            for extractor in recipe.extractors:
                for scan in (scan for scan in scans if fits(scan, recipe)):
                    work = features_of(scan, recipe, extractor)
                    if scan.case.patient in lost:
                        known.lost(work.address, Rejected("WORKER_LOST"))
                    elif not known.knows(work):
                        compute([work], store)
        index = Index(cohort, tuple(scans), tuple(rejected), {"used": 2 * len(scans)}, withdrawn=withdrawn)
        return publish(
            store, index, plan_scans(scans, recipes), measured(*recipes), _tables(patients, ages, refused), known
        )

    return build
