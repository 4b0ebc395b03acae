"""The catalog and the study that tables of features stand for: drafted, read again, and what is said of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from features.core.catalog.catalog import Cohort, load_catalog
from features.core.catalog.ready_table import ReadyTable
from features.core.errors import ConfigError, DataError, RadweaveError
from tasks.drafting.table_study.asked import Asked
from tasks.drafting.table_study.own_file import check_own, sealed, write_own
from tasks.drafting.table_study.plan import TableStudy, draft_table_study
from tasks.drafting.table_study.seen import see_table

FEATURES = """\
,PatientID,response,site,set,age,sex,Scanner [kV],os_days,f1,f2
0,p1,yes,1,train,50,M,Big 80,9,0.5,nan
1,p2,no,2,train,61,F,Big 80,8,1.5,2
2,p3,no,1,test,72,F,Low 90,7,2.5,3
3,p4,yes,2,test,55,M,Low 90,,3.5,4
"""
MORE = "PatientID;response;g1\np1;yes;0,5\np2;no;1,5\np3;no;2,5\np4;yes;3,5\n"


def draft(folder: Path, *files: Path, **asked: Any) -> tuple[TableStudy, Cohort, dict[str, Any]]:
    """The draft, its cohort and its study."""
    options = {"ids": ("PatientID",), "targets": ("response",), "exclude": ("os_*",), **asked}
    given = Asked(files or (write(folder, "features.csv", FEATURES),), **options)
    tables, others = ([see_table(path, given) for path in paths] for paths in (given.tables, given.external))
    found = draft_table_study(given, tables, "mine", folder / "mine", {one.path.stem: one for one in others})
    (folder / "mine").mkdir(exist_ok=True)
    write_own(folder / "mine" / "data_catalog.yaml", found.catalog)
    return found, load_catalog(folder / "mine" / "data_catalog.yaml").cohort("mine"), yaml.safe_load(found.study)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def ready(cohort: Cohort) -> list[ReadyTable]:
    return [one for one in cohort.tables if isinstance(one, ReadyTable)]


def test_a_table_becomes_a_catalog_and_a_study(tmp_path: Path) -> None:
    found, cohort, study = draft(tmp_path, centre="site", split="set", clinical=("age", "sex"))
    clinical, features = cohort.tables
    assert (cohort.root, clinical.path, features.path) == ("..", "features.csv", "features.csv")
    assert [*cohort.variables] == ["response", "age", "sex"] and [*cohort.centres] == ["site_1", "site_2"]
    assert clinical.centre == features.centre and features.centre.codes == {"1": "site_1", "2": "site_2"}
    assert features.split.part("test") == "test"
    header = FEATURES.partition("\n")[0].split(",")[1:]
    assert [name for name in header if features.takes(name, {"response", "age", "sex"})] == ["f1", "f2"]
    assert features.missing == ("", "NA", "nan")
    assert study["blocks"] == {"features": ["features"], "all": ["clinical", "features"]}
    assert study["splits"] == ["nested", "centre_out", "given"]
    assert study["models"] == ["lasso_logistic", "random_forest", "svm"]
    assert (study["name"], study["cohorts"], study["endpoint"]) == ("mine_response", ["mine"], "response")
    assert found.said == (
        "response: yes means yes, in 2 of 4",
        "features.csv: 4 patients, 2 features",
        "features.csv: 1 column of text left out: Scanner [kV]",
        "features.csv: 1 column without a name left out",
        "features.csv: nan in 1 cell taken as missing",
        "site: 2 centres: site_1, site_2",
        "set: models train on train, and test is held out",
    )


@pytest.mark.parametrize(
    ("asked", "kind", "models"),
    [
        ({"targets": ("response",)}, "binary", {"lasso_logistic"}),
        ({"targets": ("response", "sex")}, "multilabel", {"lasso_logistic"}),
        ({"targets": ("Scanner [kV]",), "kind": "multiclass"}, "multiclass", {"random_forest"}),
        ({"targets": ("age",), "kind": "ordinal"}, "ordinal", {"lasso_logistic"}),
        ({"targets": ("f1",)}, "continuous", {"lasso"}),
        ({"time": "age", "time_unit": "years", "event": "response"}, "survival", {"cox"}),
        ({"time": "age", "time_unit": "years", "cause": "site", "censored": "1", "of_interest": "2"}, "competing_risks", {"cox"}),
    ],
)  # fmt: skip
def test_the_catalog_knows_every_kind_of_endpoint(
    tmp_path: Path, asked: dict[str, Any], kind: str, models: set[str]
) -> None:
    text = FEATURES.replace(",M,", ",0,").replace(",F,", ",1,")
    _, cohort, study = draft(tmp_path, write(tmp_path, "features.csv", text), **{"targets": (), **asked})
    assert cohort.endpoints[study["endpoint"]].kind == kind
    assert models <= set(study["models"])


def test_tables_are_joined_and_each_is_a_block(tmp_path: Path) -> None:
    files = write(tmp_path, "clinical.csv", FEATURES), write(tmp_path, "ct.csv", MORE)
    found, cohort, study = draft(tmp_path, *files)
    assert [one.block for one in cohort.tables] == ["clinical", "clinical_table", "ct"]
    assert (ready(cohort)[1].separator, ready(cohort)[1].decimal, ready(cohort)[1].exclude) == (
        ";",
        ",",
        ("response", "os_*"),
    )
    assert "# guess: separator ';', decimal ',', by the first rows" in found.catalog
    assert "response is taken from clinical.csv, and left out of the other tables" in found.said
    assert study["blocks"]["all"] == ["clinical_table", "ct"]
    assert study["missing_block"] == "exclude"  # nobody is judged by imputed medians


def test_each_table_may_have_ids_of_its_own_also_in_a_column_without_a_name(tmp_path: Path) -> None:
    files = (
        write(tmp_path, "a.csv", FEATURES),
        write(tmp_path, "b.csv", MORE.replace("PatientID", "").replace("response", "g0")),
    )
    _, cohort, _ = draft(tmp_path, *files, ids=("PatientID", ""))
    assert [(one.path, one.id) for one in ready(cohort)] == [("a.csv", "PatientID"), ("b.csv", "")]


def test_an_external_table_is_a_cohort_that_is_only_predicted(tmp_path: Path) -> None:
    other = write(tmp_path, "other.csv", FEATURES.replace(",M,", ",D,").replace("yes", "1").replace("no", "0"))
    found, cohort, study = draft(tmp_path, centre="site", split="set", clinical=("sex",), external=(other,))
    external = load_catalog(tmp_path / "mine" / "data_catalog.yaml").cohort("other")
    assert (study["cohorts"], study["external"], found.cohorts) == (["mine"], ["other"], ("mine", "other"))
    assert cohort.variables == external.variables and external.variables["sex"].levels == ("D", "F", "M")
    assert external.tables[0].columns["response"].codes == {"0": False, "1": True} and not external.tables[0].split


def test_what_describes_an_extraction_is_no_feature(tmp_path: Path) -> None:
    text = "PatientID,response,diagnostics_Versions_Numpy,original_glcm_Contrast\np1,0,1.2,5\np2,1,1.2,7\np3,1,1.2,6\n"
    found, cohort, _ = draft(tmp_path, write(tmp_path, "features.csv", text))
    assert ready(cohort)[0].written_by == "pyradiomics"
    assert found.said[1:] == (
        "features.csv: 3 patients, 1 feature",
        "features.csv: written by pyradiomics, by its header; 1 column about the extraction left out",
    )


def test_a_table_elsewhere_is_named_by_its_whole_path(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    _, cohort, _ = draft(tmp_path, write(tmp_path / "data", "features.csv", FEATURES))
    assert cohort.root == str(tmp_path / "data")


@pytest.mark.parametrize(
    ("asked", "text", "message"),
    [
        ({"targets": ("respons",)}, FEATURES, 'there is no column "respons"; allowed: PatientID, response, site'),
        ({"targets": ("respons",)}, FEATURES, 'did you mean "response"?'),
        ({"ids": ("Patient",)}, FEATURES, 'did you mean "PatientID"?'),
        ({"exclude": ()}, FEATURES, '1 column of features looks like an outcome; found os_days; leave it out (--exclude "os_'),
        ({"split": "f1"}, FEATURES, 'the column "f1" does not split the patients in two; found 0.5, 1.5, 2.5, 3.5'),
        ({"split": "sex"}, FEATURES, 'the column "sex" does not say which patients are held out; found F, M; name their'),
        ({"centre": "os_days"}, FEATURES, 'the column "os_days" is empty in 1 of its rows'),
        ({"clinical": ("os_days",)}, FEATURES, 'the column "os_days" looks like an outcome; found os'),
        ({"clinical": ("age", "response")}, FEATURES, 'the column "response" is named for two things'),
        ({}, FEATURES.replace("p4", "p2"), "1 row is of a patient who has one already; found rows 5; allowed: one row per pat"),
        ({}, FEATURES.replace("f2", "f1"), 'the column "f1" stands twice; rename one of them, or leave both out by --exclude'),
        ({"exclude": ("f*", "os_*", "age", "site")}, FEATURES, "no column of numbers is left to predict from"),
    ],
)  # fmt: skip
def test_faults_of_a_table_say_what_to_do(tmp_path: Path, asked: dict[str, Any], text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        draft(tmp_path, write(tmp_path, "features.csv", text), **asked)
    assert message in str(caught.value)


def test_columns_that_are_checked_are_features(tmp_path: Path) -> None:
    _, cohort, _ = draft(tmp_path, exclude=(), leak_checked=("os_days",))
    assert ready(cohort)[0].leak_checked == ("os_days",) and ready(cohort)[0].takes("os_days")


def test_a_file_that_is_not_there_is_named_with_one_like_it(tmp_path: Path) -> None:
    write(tmp_path, "features.tsv", FEATURES)
    with pytest.raises(DataError, match=r"there is no such file; did you mean .*features\.tsv"):
        draft(tmp_path, tmp_path / "features.csv")


def test_a_file_is_written_again_until_a_person_changes_it(tmp_path: Path) -> None:
    path = tmp_path / "study.yaml"
    for text in ("a: 1\n", "a: 2\n"):
        check_own(path, "…")
        write_own(path, text)
        assert path.read_text() == sealed(text)
    path.write_text(path.read_text().replace("2\n", "3\n"))
    with pytest.raises(RadweaveError, match="study.yaml: there is a file that a person wrote or changed"):
        check_own(path, "…")
