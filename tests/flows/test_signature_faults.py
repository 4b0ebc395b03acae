"""What a study's file says wrongly of its signatures, each with its line and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from features.core.errors import ConfigError
from flows.configuration import check_configuration
from flows.signatures import cohorts_of, read_signatures
from tests.support.catalog import cohort_of, write_catalog

CD8 = {
    "cohorts": ["genes"],
    "endpoint": "cd8",
    "blocks": {"texture": ["texture"]},
    "models": ["elastic_net"],
}
RESPONSE = {
    "cohorts": ["treated"],
    "endpoint": "response",
    "signatures": {"cd8": {"study": "cd8_study.yaml"}},
    "blocks": {"signature": ["signature"]},
    "models": ["ridge_logistic"],
}


def cohort(outcome: str, *blocks: str, **settings: Any) -> dict[str, Any]:
    kind = {"cd8": "number", "response": "flag"}[outcome]
    variable = {"type": kind, "description": "outcome", "role": "outcome"}
    endpoint = {"kind": {"cd8": "continuous", "response": "binary"}[outcome], "column": outcome}
    one = {"path": "table.csv", "id": "id"}
    tables: list[dict[str, Any]] = [{"block": "clinical", "columns": {outcome: outcome}, **one}]
    tables += [{"block": block, "columns": ["f*"], **one} for block in blocks]
    return cohort_of(variables={outcome: variable}, tables=tables, endpoints={outcome: endpoint}, **settings)


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    return write_catalog(
        tmp_path,
        genes=cohort("cd8", "texture"),
        treated=cohort("response", "texture", timepoints={"baseline": 0, "week4": 28}),
        bare=cohort("response"),
    )


def told(catalog: Path, response: dict[str, Any] | None = None, cd8: dict[str, Any] | None = None) -> list[str]:
    """The faults of the study with other keys, without the folder; cd8: other keys of the study of the signature."""
    folder = catalog.parent
    (folder / "cd8_study.yaml").write_text(yaml.safe_dump({**CD8, **(cd8 or {})}, sort_keys=False))
    study = folder / "mine.yaml"
    study.write_text(yaml.safe_dump({**RESPONSE, **(response or {})}, sort_keys=False))
    try:
        check_configuration(catalog, [study])
    except ConfigError as error:
        return [str(fault).removeprefix(f"{folder}/") for fault in error.faults]
    return []


def test_a_sound_pair_has_no_fault_and_names_the_cohorts_of_both(catalog: Path) -> None:
    assert told(catalog) == []
    (found,) = read_signatures(catalog.parent / "mine.yaml", catalog.parent)
    assert (found.name, found.plan.name, found.blocks, found.candidate.name, found.at) == (
        *("cd8", "cd8_study", "texture", "elastic_net", "baseline"),
    )
    assert cohorts_of(catalog.parent / "mine.yaml") == ("treated", "genes")
    part = {"of": "signature", "columns": "signature__cd8"}
    assert told(catalog, {"parts": {"one": part}, "blocks": {"one": ["one"]}}) == []


@pytest.mark.parametrize(
    ("response", "cd8", "faults"),
    [
        (
            {"signatures": {"cd8": {"study": "cd8_studi.yaml"}}},
            {},
            'mine.yaml:5: there is no such study; found "cd8_studi.yaml"; allowed: the name of one of radweave, or a file as seen '
            'from this one; did you mean "cd8_study.yaml"?',
        ),
        (
            {},
            {"models": ["elastic_net", "lasso"], "blocks": {"texture": ["texture"], "two": ["texture", "clinical"]}},
            "mine.yaml:5: the study cd8_study has several sets of blocks: say by `blocks` which one is the signature; allowed: "
            "texture, two|mine.yaml:5: the study cd8_study has several candidates: say by `model` which one is the signature; "
            "allowed: elastic_net, lasso",
        ),
        (
            {"signatures": {"cd8": {"study": "cd8_study.yaml", "blocks": "textur", "model": "elastic_nets"}}},
            {},
            'mine.yaml:7: the study cd8_study has no such set of blocks; found "textur"; allowed: texture; did you mean '
            '"texture"?|mine.yaml:8: the study cd8_study has no such candidate; found "elastic_nets"; allowed: elastic_net; did '
            'you mean "elastic_net"?',
        ),
        (
            {"external": ["genes"]},
            {},
            "signature is fitted on genes, and would be used there; allowed: cohorts that it is not fitted on, external or not",
        ),
        (
            {"external": ["bare"]},
            {},
            'cohort bare has no table of the block "texture", which the signature is made of; found tables of clinical',
        ),
        (
            {},
            {"signatures": {"own": {"study": "mine.yaml"}}, "blocks": {"texture": ["texture", "signature"]}},
            'a signature cannot be fitted by a study that uses it; found "mine.yaml"',
        ),
        (
            {"signatures": {"cd8": {"study": "cd8_study.yaml", "at": "week4"}}},
            {},
            'its columns are of "week4", after the prediction at "baseline" in cohort "treated"',
        ),
        ({"signatures": {}}, {}, 'unknown block; found "signature"'),
        ({"blocks": {"texture": ["texture"]}}, {}, "the signatures stand in no set of blocks"),
        (
            {"visits": "each", "scored_visit": "last"},
            {},
            "a signature is one value of a patient, and visits: each makes a row of each visit: leave one out",
        ),
        (
            {},
            {"cohorts": ["gens"]},
            'unknown cohort; found "gens"; allowed: genes, treated, bare; did you mean "genes"?',
        ),
    ],
)
def test_each_fault_has_its_line_and_a_remedy(
    catalog: Path, response: dict[str, Any], cd8: dict[str, Any], faults: str
) -> None:
    found = told(catalog, response, cd8)
    for fault in faults.split("|"):
        assert any(fault in one for one in found), found


def test_a_study_of_associations_fits_no_signature(catalog: Path) -> None:
    told(catalog)
    association = {"kind": "association", "cohorts": ["genes"], "blocks": ["texture"], "variables": ["cd8"]}
    (catalog.parent / "cd8_study.yaml").write_text(yaml.safe_dump({**association, "effects": ["spearman"]}))
    with pytest.raises(
        ConfigError, match="a signature is fitted by a study that predicts, and this one reports associations"
    ):
        check_configuration(catalog, [catalog.parent / "mine.yaml"])


def test_a_ready_made_block_of_that_name_is_another_one(catalog: Path) -> None:
    """Without signatures the word is free; with them it is not."""
    write_catalog(catalog.parent, genes=cohort("cd8", "texture"), treated=cohort("response", "texture", "signature"))
    assert told(catalog, {"signatures": {}}) == []
    (fault,) = told(catalog)
    assert "is one of a ready-made table of its cohorts, and that of its signatures" in fault
