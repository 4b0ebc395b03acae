"""load_catalog: every fault between the parts of a cohort is found, with its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from features.core.catalog.catalog import ColumnSource, load_catalog
from features.core.catalog.image_source import DicomSource
from features.core.errors import ConfigError, RadweaveError

GOOD = """\
version: 1
cohorts:
  demo:
    title: Demo
    licence: CC0
    root: data
    timepoints: {baseline: 0, week_6: 42}
    centres: {A: {}, B: {}}
    images:
    - format: dicom
      centre: A
      modality: CT
      unit: HU
      path: dicom
      mask: {format: rtstruct, roi: GTV}
      timepoint:
        tag: ClinicalTrialTimePointID
        codes:
          T0: baseline
    - format: nifti
      centre: B
      modality: CT
      unit: HU
      path: "{patient}/ct.nii"
      mask: {format: nifti, path: "{patient}/gtv.nii"}
    variables:
      age: {type: number, description: age, unit: years}
      stage: {type: ordinal, description: stage, levels: [I, II]}
      os_days: {type: number, description: survival, unit: days, role: outcome}
      death: {type: flag, description: died, role: outcome}
    tables:
    - block: clinical
      centre: A
      path: a.csv
      id: id
      columns:
        age: Age
        stage: {from: Stage, codes: {1: I, 2: II}}
        os_days: {start: begin, end: finish, date_format: "%d.%m.%Y"}
        death: {from: Dead, codes: {1: true, 0: false}}
    - block: genomic
      centre: B
      path: g.csv
      id: id
      genes: "G*"
      unit: log2
      known_at: baseline
    endpoints:
      died: {kind: binary, column: death}
      survival: {kind: survival, time: os_days, event: death}
"""
Faults = Callable[..., list[str]]


@pytest.fixture
def faults(tmp_path: Path) -> Faults:
    """Faults of the good catalog after one piece of text is replaced."""

    def find(old: str, new: str) -> list[str]:
        assert GOOD.count(old) == 1, old
        path = tmp_path / "c.yaml"
        path.write_text(GOOD.replace(old, new))
        with pytest.raises(ConfigError) as caught:
            load_catalog(path)
        return [str(fault).replace(f"{tmp_path}/", "") for fault in caught.value.faults]

    return find


def _line(text: str) -> int:
    return GOOD[: GOOD.index(text)].count("\n") + 1


def test_good_catalog_is_read(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)
    (tmp_path / "data").mkdir()
    catalog = load_catalog(tmp_path / "c.yaml")
    assert list(catalog.cohorts) == ["demo"]
    assert catalog.root("demo") == (tmp_path / "data").resolve()
    assert catalog.cohort("demo").tables[0].columns["stage"].codes == {"1": "I", "2": "II"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        (
            "      centre: A\n      modality",
            "      centre: AA\n      modality",
            "centre: A\n      modality",
            'unknown centre; found "AA"',
        ),
        (
            "T0: baseline",
            "T0: baselin",
            "T0: baseline",
            'unknown time point; found "baselin"; allowed: baseline, week_6;',
        ),
        (
            "tag: ClinicalTrialTimePointID",
            "tag: ClinicalTrialTimepointID",
            "tag: ClinicalTrialTimePointID",
            'unknown DICOM keyword; found "ClinicalTrialTimepointID"; did you mean "ClinicalTrialTimePointID"?',
        ),
        (
            "path: dicom\n",
            "path: dicom\n      select: {SeriesDescripton: x}\n",
            "mask: {format: rtstruct",
            'unknown DICOM keyword; found "SeriesDescripton"; did you mean "SeriesDescription"?',
        ),
        (
            "path: dicom\n",
            "path: dicom\n      ignore: {Modality: 'US('}\n",
            "mask: {format: rtstruct",
            'the pattern is no regular expression: missing ), unterminated subpattern at position 2; found "US("',
        ),
        (
            "{type: number, description: age, unit: years}",
            "{type: number, description: age, known_at: week6}",
            None,
            'unknown time point; found "week6"; allowed: baseline, week_6; did you mean "week_6"?',
        ),
        (
            "      centre: A\n      path: a",
            "      centre: C\n      path: a",
            "centre: A\n      path: a",
            "unknown centre",
        ),
        ("known_at: baseline", "known_at: never", "known_at: baseline", 'unknown time point; found "never"'),
        (
            "known_at: baseline",
            "known_at_columns: {G1: week6}",
            "known_at: baseline",
            'unknown time point; found "week6"; allowed: baseline, week_6; did you mean "week_6"?',
        ),
        (
            "age: {type: number, description: age, unit: years}",
            "age: {type: number, description: age, unit: years}\n      relapse: {type: flag, description: x}",
            "stage: {type: ordinal",
            'the predictor "relapse" looks like an outcome; found "relapse" (relapse); declare role: outcome',
        ),
        ("        age: Age", "        aeg: Age", "        age: Age", 'unknown variable; found "aeg"'),
        (
            "{from: Stage, codes: {1: I, 2: II}}",
            "{from: Stage, codes: {1: I, 2: IIb}}",
            None,
            'unknown level; found "IIb"',
        ),
        ("{from: Dead, codes: {1: true, 0: false}}", '{from: Dead, codes: {1: "true"}}', None, "allowed: true, false"),
        (
            "        age: Age",
            "        age: {from: Age, codes: {1: x}}",
            "age: Age",
            "codes do not go with the type number",
        ),
        (
            "{from: Stage, codes: {1: I, 2: II}}",
            '{start: a, end: b, date_format: "%Y"}',
            None,
            "the days between two dates are a number; found ordinal",
        ),
        ("column: death", "column: deth", "died: {kind", 'unknown outcome of type flag; found "deth"; allowed: death'),
        ("time: os_days", "time: age", "survival: {kind", "unknown outcome of type number"),
        ("event: death", "event: stage", "survival: {kind", "; it is a predictor of type"),
        ("unit: days, role", "unit: months, role", "os_days: {type", 'a survival time is not in days; found "months"'),
    ],
)
def test_fault_between_parts_is_found(faults: Faults, old: str, new: str, line: str | None, message: str) -> None:
    (fault,) = faults(old, new)
    assert message in fault
    assert fault.startswith(f"c.yaml:{_line(line or old)}: ")


def test_several_cross_faults_come_together(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(GOOD.replace("        age: Age", "        aeg: Age").replace("column: death", "column: deth"))
    with pytest.raises(ConfigError, match="^2 faults"):
        load_catalog(path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"{patient}/ct.nii"', "ct.nii", "needs {patient}; {timepoint} and {lesion} are allowed"),
        ('"{patient}/gtv.nii"', '"{patient}/{organ}.nii"', "needs {patient}; {timepoint} and {lesion} are allowed"),
        ('"{patient}/ct.nii"', '"{patient}.tar.gz/ct.nii"', 'stands there as a folder without ".tar.gz"'),
        ("levels: [I, II]", "unit: x", "levels belong to the types category and ordinal"),
        ("description: died,", "description: died, levels: [a],", "levels belong to the types"),
        ("description: died,", "description: died, allowed: [0, 1],", "an allowed range belongs to the type number"),
        (', date_format: "%d.%m.%Y"}', "}", "formats are never guessed"),
        ("{start: begin, end: finish,", "{from: x, end: finish,", 'give either "from", or "start" and "end"'),
        ("{start: begin, end: finish,", "{start: begin,", 'give either "from", or "start" and "end"'),
        (
            "modality: CT\n      unit: HU\n      path: dicom",
            "modality: CX\n      unit: HU\n      path: dicom",
            "'CT', 'MR'",
        ),
        ("format: rtstruct", "format: rtstrukt", "rtstruct"),
        ("version: 1", "version: 2", "Input should be 1; found 2"),
        ("  demo:", "  Demo Cohort:", "cohorts"),
        ("block: genomic", "block: genomics", 'did you mean "genomic"?'),
        ("block: genomic", "block: genomic\n      form: mutation", 'did you mean "mutations"?'),
        ("unit: log2", "unit: log2\n      scal: log2", 'unknown key "cohorts.demo.tables.1.scal"'),
        ("unit: log2", "unit: log2\n      scal: log2", 'did you mean "scale"?'),
        ("column: death}", "column: death, time: x}", 'died.time"; allowed: column, description, kind'),
        ("unit: log2", "unit: log2\n      scale: log", "'log2', 'counts', 'tpm', 'fpkm' or 'zscore'"),
        ("root: data", "root: data\n    id_form: {pattern: P.*}", "the pattern needs one group"),
        ("unit: years}", "unit: years, zero: half_day}", "zero belongs to survival times"),
        ("{type: flag,", "{analyte: creatinine, type: flag,", "an analyte belongs to the type number"),
        ("%d.%m.%Y", "%d.%m.%y", "a date_format needs %Y, the year with its century"),
        (
            "{from: Dead, codes: {1: true, 0: false}}",
            '{from: Dead, codes: {1: true}, missing: ["1"]}',
            'the code "1" cannot',
        ),
        ("age: Age", "age: id", 'the id column is no source of "age"'),
        ("path: a.csv", "path: a.csv\n      encoding: utf-9", "is no known encoding"),
        ("id: id\n      genes", "id: id\n      separator: ';;'\n      genes", "at most 1 character"),
    ],
)
def test_fault_inside_a_part_is_found(faults: Faults, old: str, new: str, message: str) -> None:
    found = faults(old, new)
    assert any(message in fault and fault.startswith("c.yaml:") for fault in found), found


LABELS = 'mask: {format: nifti, path: "{patient}/gtv.nii"}'
LESIONS = 'mask: {format: nifti, path: "{patient}/gtv.nii", %s}'


@pytest.mark.parametrize(
    ("new", "message"),
    [
        (LESIONS % "label: 2, lesions: by_label", "give either label, for one ROI, or lesions"),
        (LESIONS % "lesions: by_labels", "Input should be 'by_label'"),
        (LESIONS % "lesions: {0: a}", "greater than 0"),
        (LESIONS % "lesions: {1: a b}", "String should match pattern"),
        (LESIONS % "lesions: {1: a, 2: a}", "a name of its own for each number"),
        (LESIONS % "lesions: {}", "a name of its own for each number"),
        (LESIONS.replace("gtv", "{lesion}") % "lesions: by_label", "either by {lesion} in the path"),
    ],
)
def test_lesions_are_told_apart_in_one_way(faults: Faults, new: str, message: str) -> None:
    found = faults(LABELS, new)
    assert any(message in fault for fault in found), found


@pytest.mark.parametrize(
    ("first", "second", "good"),
    [
        ("label: 1", "label: 2", False),
        ("label: 1", "label: 1", False),
        ("lesions: by_label", "label: 2", False),
        ("lesions: {1: a}", "lesions: {2: a}", False),
        ("lesions: {1: a}", "lesions: {2: b}", True),
    ],
)
def test_one_image_has_one_mask_or_lesions(faults: Faults, first: str, second: str, good: bool) -> None:
    again = f"""
    - format: nifti
      centre: B
      modality: CT
      unit: HU
      path: "./{{patient}}/ct.nii"
      {LESIONS % second}"""
    if good:
        again = again.replace("centre: B", "centre: C")  # a fault of its own
    found = faults(LABELS, LESIONS % first + again)
    what = "c.yaml:31: images.1 gives the same images a mask of the same label maps, and an image has one of a ROI"
    hint = "for a case of each lesion lesions: by_label, or lesions: {1: NAME, 2: NAME}"
    assert [fault.startswith(what) and fault.endswith(hint) for fault in found] == [not good], found


def test_no_centre_is_needed_where_there_is_one(tmp_path: Path) -> None:
    text = GOOD.replace("{A: {}, B: {}}", "{A: {}}").replace("centre: B\n", "centre: A\n")
    (tmp_path / "c.yaml").write_text(text.replace("      centre: A\n      path: a", "      path: a"))
    assert load_catalog(tmp_path / "c.yaml").cohort("demo").tables[0].centre is None


def test_unknown_cohort_names_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(GOOD)
    with pytest.raises(RadweaveError, match='there is no cohort "demmo"; the catalog has demo. Did you mean "demo"'):
        load_catalog(tmp_path / "c.yaml").cohort("demmo")


def test_root_by_environment_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "c.yaml").write_text(GOOD.replace("root: data", "root: ${A_TEST_ROOT}/x"))
    catalog = load_catalog(tmp_path / "c.yaml")
    monkeypatch.delenv("A_TEST_ROOT", raising=False)
    with pytest.raises(RadweaveError, match='cohort "demo": set the environment variable A_TEST_ROOT to the folder'):
        catalog.root("demo")
    monkeypatch.setenv("A_TEST_ROOT", "")
    with pytest.raises(RadweaveError, match="set the environment variable A_TEST_ROOT"):
        catalog.root("demo")
    monkeypatch.setenv("A_TEST_ROOT", str(tmp_path / "y"))
    with pytest.raises(RadweaveError, match='cohort "demo": there is no folder .*y/x'):
        catalog.root("demo")
    (tmp_path / "y" / "x").mkdir(parents=True)
    assert catalog.root("demo") == (tmp_path / "y" / "x").resolve()


@pytest.mark.parametrize("text", ["- a\n", "text\n"])
def test_what_is_no_mapping_is_no_catalog(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ConfigError, match="is not a catalog; allowed: a mapping with the keys version and cohorts"):
        load_catalog(tmp_path / "c.yaml")


def test_a_bare_word_is_a_column() -> None:
    assert ColumnSource.model_validate({"from": "Age"}).source == "Age"


@pytest.mark.parametrize(
    ("mask", "rule"),
    [
        ({"format": "rtstruct", "roi": "GTV"}, {}),
        ({"format": "rtstruct", "roi": "GTV", "several": "largest"}, {"several": "largest"}),
        ({"format": "seg", "roi": "GTV"}, {}),
        (
            {"format": "seg", "roi": "GTV", "several": "union", "threshold": 0.3, "grid": "nearest"},
            {"several": "union", "threshold": 0.3, "mask_grid": "nearest"},
        ),
    ],
)
def test_what_is_declared_of_a_mask_is_how_it_is_read(mask: dict, rule: dict) -> None:
    entry = {"format": "dicom", "centre": "A", "modality": "CT", "unit": "HU", "path": ".", "mask": mask}
    assert DicomSource.model_validate(entry).rule.facts() == rule


def test_the_repository_s_catalog_is_good() -> None:
    catalog = load_catalog(Path(__file__).parents[4] / "data_catalog.yaml")
    assert "builtin" in catalog.cohorts
