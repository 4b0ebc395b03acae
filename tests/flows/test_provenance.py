"""What decides a study's results: the tables that it reads, and no others."""

import pyarrow as pa
import pytest

from features.core.catalog.catalog import Catalog
from features.core.code_digest import sources_of
from features.core.storage.store import Store
from features.core.storage.table import parquet_bytes
from features.results.manifest import CohortState, Mart, commit, keep_table, newest
from flows.named import find_recipes
from flows.provenance import association_modules, kinds_of, study_provenance
from tasks.modelling.evaluation.study import Study
from tests.support.design import ANY_ENDPOINT


@pytest.fixture
def plan() -> Study:
    return Study.model_validate(
        {
            "name": "one",
            "cohorts": ["one"],
            "endpoint": "died",
            "recipes": ["ct_lung"],
            "blocks": {"radiomics": ["radiomics"]},
            "models": [{"kind": "lasso_logistic"}],
            "splits": [{"kind": "nested"}],
        }
    )


@pytest.fixture
def catalog(tmp_path) -> Catalog:
    cohort = {
        "title": "one",
        "licence": "CC0",
        "root": ".",
        "centres": {"A": {}},
        "images": [
            {
                "format": "dicom",
                "centre": "A",
                "modality": "CT",
                "unit": "HU",
                "path": "x",
                "mask": {"format": "seg", "roi": "x"},
            }
        ],
        "variables": {"death": {"type": "flag", "description": "died", "role": "outcome"}},
        "endpoints": {"died": {"kind": "binary", "column": "death"}},
    }
    return Catalog.model_validate({"version": 1, "folder": tmp_path, "cohorts": {"one": cohort}})


def test_a_study_hangs_on_the_files_of_its_own_recipes(copied: Store, plan: Study, catalog: Catalog) -> None:
    def told(table: str, value: float) -> dict[str, str]:
        """The provenance after a refresh that wrote a table."""
        data, before = parquet_bytes(pa.table({"case": ["one:p1:baseline"], "x": [value]})), newest(copied)
        files = {**before.of_cohort("one"), table: keep_table(copied, table, "one", data, 1)}
        commit(copied, "one", CohortState(key=f"{table} {value}"), files, before)
        return study_provenance(plan, find_recipes(plan.recipes), Mart.open(copied), catalog)

    first = told("radiomics/ct_lung", 1.0)
    assert told("radiomics/mr_t1", 1.0) == told("deep/mr_t1", 2.0) == told("dictionary", 3.0) == first
    changed = [told("radiomics/ct_lung", 4.0), told("deep/ct_lung", 5.0), told("clinical", 6.0)]
    keys = {key for one in changed for key in one if one[key] != first[key]}
    assert keys == {"tables of one"} and len({one["tables of one"] for one in changed}) == 3


def test_the_metrics_and_figures_of_every_endpoint_decide_its_studies() -> None:
    for endpoint in ANY_ENDPOINT.values():
        found = sources_of(kinds_of(endpoint)).modules  # raises where there is no such module
        named = (*endpoint.metrics, *endpoint.further_metrics, *endpoint.figures)
        assert len(kinds_of(endpoint)) == 1 + len(named)
        assert {"features.core.kinds.endpoint", "tasks.modelling.pairs"} <= found


def test_a_study_that_predicts_nothing_hangs_on_no_model_and_on_the_templates_that_it_shares() -> None:
    found = sources_of(association_modules())
    rooms = ("models", "evaluation", "fusion", "preprocessing", "splits", "metrics", "signatures")
    assert [one for one in found.modules if one.startswith(tuple(f"tasks.modelling.{room}." for room in rooms))] == []
    assert "tasks.reports.sections" in found.modules  # the folder of templates
