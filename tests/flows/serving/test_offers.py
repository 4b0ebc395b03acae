"""What a form tells of the cohorts of the catalog that is served."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from features.core.storage.store import Store
from flows.serving.offers import offer_cohorts, offer_final, offer_model, offer_refresh
from tests.support.catalog import catalog_of, cohort_of, file_images


def told(**cohorts: Any) -> str:
    """The description of the field of cohorts."""
    fields = {name: {"description": name} for name in ("cohorts", "recipes", "studies")}
    offer_refresh(SimpleNamespace(properties=fields), catalog_of(Path(), **cohorts))
    return str(fields["cohorts"]["description"])


def test_images_regions_and_time_points_are_told_by_name() -> None:
    mask = {"format": "nifti", "path": "{patient}/seg.nii.gz", "rois": {"tumour": [1, 4], "oedema": 2}}
    named = file_images("{patient}/{image}.nii.gz", image=["t1", "flair"], modality="MR", unit="arbitrary")
    serial = cohort_of(file_images("{patient}/{timepoint}/ct.nii.gz"), timepoints={"week": {"to": 8, "every": 7}})
    found = told(brain=cohort_of({**named, "mask": mask}), serial=serial)
    assert found == "cohorts. brain has t1, flair with tumour, oedema. serial has time points week1 … week8"


def test_of_a_cohort_without_names_nothing_is_told() -> None:
    assert told(plain=cohort_of(file_images())) == "cohorts"


def test_saved_models_of_the_store_and_cohorts_of_the_catalog_are_offered_and_a_path_may_be_typed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "models" / "mine" / "aa"
    folder.mkdir(parents=True)
    declared = catalog_of(Path(), here=cohort_of(file_images()))

    def form() -> SimpleNamespace:
        fields = {name: {"type": "string", "description": name} for name in ("model", "cohort", "study", "blocks")}
        return SimpleNamespace(properties=fields)

    none, one = form(), form()
    offer_model(none, declared, Store(tmp_path))
    (folder / "model.json").write_text("{}")
    offer_model(one, declared, Store(tmp_path))
    assert [choice["title"] for choice in none.properties["model"]["anyOf"]] == ["another"]
    assert one.properties["model"]["anyOf"][0]["enum"] == ["mine/aa"] and "type" not in one.properties["model"]
    assert one.properties["cohort"]["enum"] == ["here"]
    offer_final(one, declared)
    assert [choice["title"] for choice in one.properties["study"]["anyOf"]] == ["file"]  # none is of this catalog


def test_new_cases_offer_the_cohorts() -> None:
    form = SimpleNamespace(properties={"cohorts": {"type": "array"}})
    offer_cohorts(form, catalog_of(Path(), here=cohort_of(file_images()), there=cohort_of(file_images())))
    assert form.properties["cohorts"]["items"] == {"type": "string", "enum": ["here", "there"]}
