"""Pathway scores: the published sum, made of each sample's own ranks alone."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.core.catalog.catalog import Cohort
from features.core.catalog.genomic_source import ExpressionTable, Pathways
from features.core.errors import ConfigError, RadweaveError
from features.core.pseudonym import pseudonym
from features.genomic.pathways import read_gmt, score_pathways
from features.genomic.read_genomic import read_genomic

GENES = [f"G{i:02d}" for i in range(60)]
SETS = {"LOW": GENES[:12], "HIGH": GENES[40:55], "SMALL": GENES[:3]}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lines = ["\t".join([name, "from a test", *members]) for name, members in SETS.items()]
    (tmp_path / "sets.gmt").write_text("\n".join(lines) + "\n")
    return tmp_path


def _values(n: int = 4, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(7, 2, (n, len(GENES)))


def _score(root: Path, values: np.ndarray, genes: list[str] = GENES) -> dict[str, np.ndarray]:
    return score_pathways(root, "t.csv", Pathways(gmt="sets.gmt"), genes, values)


def _published(sample: np.ndarray, members: list[str]) -> float:
    """Barbie et al. 2009: the sum over ranks of (weighted share of members − share of others), weight rank^0.25."""
    ranks = pd.Series(sample).rank().to_numpy()
    order = np.argsort(-ranks)
    hit = np.isin(np.array(GENES)[order], members)
    weight = np.where(hit, ranks[order] ** 0.25, 0)
    return float((np.cumsum(weight) / weight.sum() - np.cumsum(~hit) / (~hit).sum()).sum())


def test_scores_are_the_published_sum(root: Path) -> None:
    values = _values()
    found = _score(root, values)
    for name in ("LOW", "HIGH"):
        expected = [_published(sample, SETS[name]) for sample in values]
        np.testing.assert_allclose(found[name], expected, rtol=1e-9)


def test_sets_with_too_few_measured_genes_have_no_score(root: Path) -> None:
    assert np.isnan(_score(root, _values())["SMALL"]).all()
    few = score_pathways(root, "t.csv", Pathways(gmt="sets.gmt", minimum_genes=3), GENES, _values())
    assert np.isfinite(few["SMALL"]).all()


def test_a_sample_s_score_does_not_depend_on_the_others(root: Path) -> None:
    values = _values()
    together, alone = _score(root, values), _score(root, values[2:3])
    garbage = _values(seed=9) * 1e6
    garbage[2] = values[2]
    for name in ("LOW", "HIGH"):
        assert together[name][2] == alone[name][0] == _score(root, garbage)[name][2]


def test_order_of_genes_and_monotone_changes_of_a_sample_change_nothing(root: Path) -> None:
    values = np.round(_values())  # with ties
    turned = _score(root, values[:, ::-1], GENES[::-1])
    for name, score in _score(root, values).items():
        np.testing.assert_array_equal(score, turned[name])
        np.testing.assert_array_equal(score, _score(root, 2 * values + 1)[name])


def test_a_sample_is_scored_on_the_genes_that_it_has(root: Path) -> None:
    values = _values()
    values[1, :5] = np.nan  # 7 of the 12 genes of LOW are left
    values[2, 59] = np.nan  # in no set
    found = _score(root, values)
    assert np.isnan(found["LOW"][1])
    assert np.isfinite(found["HIGH"]).all()
    there = np.isfinite(values[2])
    genes = list(np.array(GENES)[there])
    assert found["LOW"][2] == _score(root, values[2:3, there], genes)["LOW"][0]


def test_scores_stand_in_the_block_beside_or_instead_of_the_genes(root: Path) -> None:
    rows = [["id", *GENES], *([f"P{i}", *map(str, row)] for i, row in enumerate(_values()))]
    (root / "t.csv").write_text("\n".join(",".join(row) for row in rows) + "\n")

    def names(**settings: object) -> list[str]:
        pathways = {"gmt": "sets.gmt", **settings}
        table = {"block": "genomic", "path": "t.csv", "id": "id", "unit": "log2", "pathways": pathways}
        source = ExpressionTable.model_validate(table)
        cohort = Cohort.model_construct(centres={"A": None}, tables=(source,))
        found = read_genomic(root, "demo", cohort, b"k" * 64)
        assert pseudonym(b"k" * 64, "demo", "P1") in found.table["patient"].to_pylist()
        return [name for name in found.table.schema.names if name not in ("patient", "cohort", "centre")]

    scores = ["HIGH__ssgsea", "LOW__ssgsea", "SMALL__ssgsea"]
    assert names() == sorted([*GENES, *scores])
    assert names(keep_genes=False) == scores


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sets.gmt: holds no gene set"),
        ("A\tx\n", "sets.gmt:1: is no gene set; allowed: name, description and genes, separated by tabs"),
        ("A\tx\tG1\n\nA\tx\tG2\n", 'sets.gmt:3: the gene set "A" stands twice'),
        (
            "A\tx\t" + "\t".join(f"X{i}" for i in range(30)),
            "no gene set of sets.gmt has 10 or more of the table's genes",
        ),
    ],
)
def test_gene_sets_that_cannot_be_used_are_faults(root: Path, text: str, message: str) -> None:
    (root / "sets.gmt").write_text(text)
    with pytest.raises(ConfigError) as caught:
        _score(root, _values())
    assert message in str(caught.value)


@pytest.mark.parametrize(("name", "message"), [("no.gmt", "cannot be read as gene sets"), ("../x.gmt", "lies outside")])
def test_files_of_gene_sets_lie_in_the_cohort_s_folder(root: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read_gmt(root, name)


def test_genes_of_a_set_count_once(root: Path) -> None:
    (root / "sets.gmt").write_text("A\tx\tG1\tG1\t\tG2 \n")
    assert read_gmt(root, "sets.gmt") == {"A": ["G1", "G2"]}


def test_without_gseapy_the_extra_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gseapy", None)
    with pytest.raises(RadweaveError, match=r'pathway scores need gseapy: pip install "radweave\[omics\]"'):
        _score(root, _values())
