"""The key `pacs` of a catalog: what it says, and faults that show no password."""

import re
from datetime import date
from pathlib import Path

import pytest

from features.core.catalog.catalog import load_catalog
from features.core.catalog.image_source import DicomSource
from features.core.catalog.pacs_source import StudyDates
from features.core.errors import ConfigError

DOCS = Path(__file__).parents[4] / "docs" / "pacs.md"
CANARY = "hunter2-canary"
HEAD = """\
version: 1
cohorts:
  demo:
    title: Demo
    licence: CC0
    root: .
    centres: {North: {}}
    images:
"""
SOURCE = """\
    - format: dicom
      centre: North
      modality: CT
      unit: HU
      path: dicom
      mask: {format: rtstruct, roi: GTV}
      pacs:
        requests_per_second: 2
"""


def _load(folder: Path, text: str) -> DicomSource:
    path = folder / "catalog.yaml"
    path.write_text(HEAD + text)
    (source,) = load_catalog(path).cohort("demo").images
    assert isinstance(source, DicomSource)
    return source


def test_the_example_of_the_docs_is_a_catalog(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n    images:\n(.*?)```", DOCS.read_text(), re.DOTALL)
    source = _load(tmp_path, example)
    assert source.pacs is not None and source.pacs.study_date.start == date(2019, 1, 1)
    told = DOCS.read_text()
    for name, field in type(source.pacs).model_fields.items():
        (row,) = re.findall(rf"^\| {name} \|(.*)\|$", told, re.MULTILINE)
        if isinstance(field.default, float | int) and not isinstance(field.default, bool):
            assert f"{field.default:g}" in row, f"{name}: the docs tell another default"


@pytest.mark.parametrize(
    ("url", "what"),
    [
        (f"https://reader:{CANARY}@pacs.test/dicom-web", "holds a user or a password"),
        (f"https://{CANARY}@pacs.test", "holds a user or a password"),
        ("${PACS}/" + f"x?token={CANARY}", "holds a query"),
        (f"pacs.test:8042/{CANARY}", "begins neither with https:// nor with http://"),
        (f"https://pacs.test:{CANARY}/", "holds no valid port"),
    ],
)
def test_a_url_with_a_secret_is_a_fault_that_does_not_show_it(tmp_path: Path, url: str, what: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, SOURCE + f"        url: {url}\n")
    told = str(caught.value)
    assert f"catalog.yaml:17: the URL of the PACS {what}" in told and CANARY not in told


def test_credentials_are_unknown_keys_whose_values_are_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        _load(tmp_path, SOURCE + f"        url: https://pacs.test\n        password: {CANARY}\n")
    assert 'catalog.yaml:18: unknown key "cohorts.demo.images.0.pacs.password"' in str(caught.value)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("description: '*'", "the description is no regular expression"),
        ("study_date: {from: 2020-02-01, to: 2020-01-01}", "from is later than to"),
        ("study_date: {from: 2020-02-01, last_days: 3}", "last_days stands alone"),
        ("requests_per_second: 0", "greater than 0"),
        ("retries: -1", "greater than or equal to 0"),
    ],
)
def test_other_faults_are_told_with_their_line(tmp_path: Path, key: str, what: str) -> None:
    text = SOURCE.replace("        requests_per_second: 2\n", "") + f"        url: https://pacs.test\n        {key}\n"
    with pytest.raises(ConfigError, match=rf"catalog.yaml:17: .*{what}"):
        _load(tmp_path, text)


def test_days_of_studies() -> None:
    assert StudyDates(last_days=30).span(date(2020, 3, 1)) == (date(2020, 1, 31), None)
    assert StudyDates(to=date(2020, 1, 1)).span(date(2020, 3, 1)) == (None, date(2020, 1, 1))
