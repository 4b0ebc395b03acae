"""run_corpus: faults and clean cases as one cohort, indexed, checked and extracted; what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from features.core.kinds.extractor import Values
from features.core.kinds.recipe import Recipe
from features.core.pseudonym import pseudonym
from features.core.quarantine import Rejected
from features.core.storage.store import REGION, Store
from features.images.index.index_cohort import Index, index_cohort
from features.results.measure_visit import measure_visit
from features.results.patients import Tables
from features.results.visits import find_visits, without_disorder
from features.results.work import check_of, features_of
from features.tables.visit_days import TableDays
from tests.corpus.registry import KINDS, corpus_of
from tests.support.catalog import catalog_of
from tests.support.measured import job

COHORT, KEY = "corpus", b"0" * 32
BASIS = {
    "discretise": {"bin_width": 25},
    "extractors": [{"kind": "radweave", "families": ["shape", "firstorder", "glcm"]}],
}
RECIPES = {
    "CT": Recipe.model_validate({**BASIS, "name": "ct", "modality": "CT", "unit": "HU"}),
    "PT": Recipe.model_validate(
        {**BASIS, "name": "pt", "modality": "PT", "unit": "SUV", "discretise": {"bin_width": 0.1}}
    ),
    "MR": Recipe.model_validate(
        {**BASIS, "name": "mr", "modality": "MR", "unit": "arbitrary", "discretise": {"bin_count": 16}}
    ),
}


@dataclass(frozen=True)
class Result:
    """What became of patients: "stage CODE" of quarantine rows, codes of warnings, features of the scans used, by image and ROI."""

    refused: tuple[str, ...]
    warned: tuple[str, ...]
    features: tuple[tuple[tuple[str, str], Values], ...]


@dataclass(frozen=True)
class Run:
    """One look at a cohort: its index, "stage CODE" of each case that was refused, warnings and features of the others."""

    index: Index
    rows: tuple[tuple[str, str], ...]
    warnings: Mapping[str, tuple[str, ...]]
    features: Mapping[tuple[str, str, str], Values]

    def of(self, *patients: str) -> Result:
        """What became of patients, by their raw ids; rows without a patient are left out."""
        cases = tuple(f"{COHORT}:{pseudonym(KEY, COHORT, patient)}" for patient in patients)
        return Result(
            tuple(sorted(code for case, code in self.rows if case.startswith(cases))),
            tuple(sorted(code for case, codes in self.warnings.items() if case.startswith(cases) for code in codes)),
            tuple((key[1:], values) for key, values in sorted(self.features.items()) if key[0].startswith(cases)),
        )


def write_clean(root: Path, kind: str, patient: str, seed: int = 0) -> None:
    """Write a clean case."""
    KINDS[kind].make(patient, seed).write(root / kind / patient)


def run_corpus(root: Path, kinds: Iterable[str], store: Store) -> Run:
    """Index, check and extract the cases below `root`."""
    catalog = catalog_of(root, **{COHORT: corpus_of(kinds, str(root))})
    index = index_cohort(catalog, COHORT, KEY)
    visits = find_visits(catalog.cohort(COHORT), index.days, TableDays())
    index, _ = without_disorder(index, Tables("", dict), visits)
    rows = [(one.case, f"{one.stage} {one.code}") for one in index.quarantined]
    warnings: dict[str, tuple[str, ...]] = {}
    features: dict[tuple[str, str, str], Values] = {}
    for said in index.warned:
        warnings[said.case] = (*warnings.get(said.case, ()), said.code)
    for scan in index.scans:
        case, address, recipe = str(scan.case), check_of(scan).address, RECIPES[scan.modality]
        extractor = recipe.extractors[0]
        lost = measure_visit(job(scan, check_of(scan), (features_of(scan, recipe, extractor),)), store)
        rejected = lost.get(address) or store.rejection(REGION, address)
        if rejected is not None and rejected.code != "ROI_ABSENT":
            rows.append((case, f"quality {rejected.code}"))
            continue
        told = [rejected.code] if rejected else [one.code for one in store.warnings(REGION, address)]
        warnings[case] = (*warnings.get(case, ()), *told)
        if rejected is not None:
            continue
        place = features_of(scan, recipe, extractor).address
        values = lost.get(place) or store.load(extractor.block, place)
        if isinstance(values, Rejected):
            rows.append((case, f"extract {values.code}"))
        else:
            features[scan.key] = values
    return Run(index, tuple(sorted(rows)), warnings, features)
