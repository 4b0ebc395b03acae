"""export-scores: predictions of a saved model beside the images, in a folder and at a PACS, marked as predictions."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread

from features.core.catalog.pacs_source import PacsSource
from features.core.storage.table import read_provenance, read_table
from features.pacs.credentials import Credentials
from features.pacs.server import Server
from flows.commands.export_scores import told_of
from tests.support.orthanc import PASSWORD, URL, USER, Orthanc

NOTHING = dict.fromkeys(("incidence", "day", "value", "risk", "high_risk"))


@pytest.mark.parametrize(
    ("row", "levels", "meanings"),
    [
        (
            {"risk": 0.4, "high_risk": True},
            {"yes": 0.7},
            {"probability_yes": "Predicted probability of response: yes", "risk": "Predicted risk of response, which orders "
             "cases alone", "high_risk": "Risk above the threshold of the model"},
        ),
        ({"incidence": 0.2, "day": 365.0}, {}, {"incidence": "Predicted incidence of response by day 365"}),
        ({"value": 3.5}, {}, {"value": "Predicted response"}),
        (
            {},
            {"I": 0.2, "II": 0.8},
            {"probability_I": "Predicted probability of response: I", "probability_II": "Predicted probability of response: II"},
        ),
    ],
)  # fmt: skip
def test_what_is_told_of_each_kind_of_endpoint(
    row: dict[str, Any], levels: dict[str, float], meanings: dict[str, str]
) -> None:
    found = told_of("response", {**NOTHING, **row}, levels, "mm")
    assert {one.code: one.meaning for one in found} == meanings
    assert {one.unit for one in found} == ({"mm"} if "value" in row else {""})


def test_where_the_files_go_must_be_said_once(command: Callable[..., Any], tmp_path: Path) -> None:
    assert "--output FOLDER, or --pacs URL" in command("export-scores", "any", "demo", code=2).stderr
    inside = ("--store", tmp_path, "--output", tmp_path / "out")
    assert "must not lie in the store" in command("export-scores", "any", "demo", *inside, code=2).stderr


@pytest.mark.server
@pytest.mark.slow
def test_predictions_go_back_to_the_pacs_with_the_models_name_and_digest(
    demo: Any, orthanc: Orthanc, command: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = demo.copy(tmp_path)
    where = ("--catalog", demo.catalog, "--store", store)
    threads = ("--runner", "threads", "--workers", 1)
    chosen = ("--final", "--blocks", "radiomics", "--model", "lasso_logistic")
    command("study", "builtin_response", *chosen, *threads, *where)
    (model,) = (store / "models" / "builtin_response").iterdir()
    early = command("export-scores", "builtin_response", "builtin", "--output", tmp_path / "out", *where, code=3)
    assert "it has no score by builtin_response/" in early.stderr
    command("score", "builtin_response", "builtin", *where)
    answer = command("export-scores", "builtin_response", "builtin", "--output", tmp_path / "out", *where)
    files = sorted((tmp_path / "out").iterdir())
    scans = read_table(store / "mart" / "scans" / "builtin.parquet").to_pylist()
    cases = {one["case"] for one in scans if one["image_format"] == "dicom" and one["state"] == "used"}
    assert any(case.endswith(":week4") for case in cases)  # which the model is not asked about
    (folder,) = (store / "scores" / "builtin").iterdir()
    rows = {row["case"]: row for row in read_table(folder / "predictions.parquet").to_pylist()}
    scored = {case for case in cases if case in rows and rows[case]["state"] == "scored"}
    assert len(files) == len(scored) > 3 and f"{len(scored)} reports of" in answer.stdout
    report = dcmread(files[0])
    told = report.to_json()  # long texts are not shown by str
    digest = read_provenance(folder / "predictions.parquet")["model"]
    assert model.name == digest[:16]
    for words in (f"builtin_response/{model.name}", digest, "Prediction by a model, not a measurement"):
        assert words in told
    assert (report.Modality, report.SeriesDescription) == ("SR", "radweave prediction")
    assert not any(row["patient"] in told for row in rows.values())
    for name, value in {"RADWEAVE_PACS_USER": USER, "RADWEAVE_PACS_PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(name, value)
    for _ in range(2):  # what is sent twice is kept once
        command("export-scores", "builtin_response", "builtin", "--pacs", URL, *where)
    client = Server(PacsSource(url=URL, requests_per_second=1000), Credentials(USER, PASSWORD)).client
    kept = client.search_for_series(fields=["SeriesDescription", "Modality"])
    assert [(row["00080060"]["Value"][0], row["0008103E"]["Value"][0]) for row in kept] == [
        ("SR", "radweave prediction")
    ] * len(scored)
