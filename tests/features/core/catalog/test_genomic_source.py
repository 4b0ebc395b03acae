"""Genomic sources: the name of a column tells its form and when it is known."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from features.core.catalog.genomic_source import (
    AnyGenomicTable,
    ExpressionTable,
    GenomicTable,
    MatrixTable,
    known_when,
    named_form,
)

TIMES = {"baseline": 0, "week4": 28}
ANY: TypeAdapter[Any] = TypeAdapter(AnyGenomicTable)


def _table(**settings: Any) -> GenomicTable:
    defaults = {"block": "genomic", "path": "x", "id": "id"}
    found = ANY.validate_python(named_form({**defaults, **settings}))
    assert isinstance(found, GenomicTable)
    return found


FORMS: list[tuple[dict[str, Any], str]] = [
    ({"unit": "log2"}, "TP53"),
    ({"form": "copy_number", "coding": "gistic"}, "TP53__cn"),
    ({"form": "methylation"}, "TP53__beta"),
    ({"form": "methylation", "scale": "m_value"}, "TP53__mvalue"),
    ({"form": "mutations", "genes": ["TP53"]}, "TP53__mutated"),
]


def test_expression_is_the_form_that_needs_no_name() -> None:
    assert isinstance(_table(unit="log2"), ExpressionTable)
    assert named_form({"block": "clinical"}) == {"block": "clinical"}


@pytest.mark.parametrize(("settings", "name"), FORMS, ids=lambda value: value if isinstance(value, str) else "")
def test_columns_tell_their_form_and_when_they_are_known(settings: dict[str, Any], name: str) -> None:
    early, late = _table(**settings), _table(**settings, known_at="week4")
    assert (early.column("TP53"), late.column("TP53")) == (name, f"{name}__at_week4")
    assert (known_when(name, TIMES), known_when(f"{name}__at_week4", TIMES)) == ("baseline", "week4")
    assert early.explains(name)
    assert not early.explains(f"{name}__at_week4")
    assert late.explains(f"{name}__at_week4")
    assert not late.explains(name)


def test_columns_of_one_table_can_be_known_at_different_times() -> None:
    table = _table(unit="log2", known_at_columns={"CD8*": "week4", "CD*": "baseline"})
    assert [table.column(gene) for gene in ("CD8A", "CD4", "TP53")] == ["CD8A__at_week4", "CD4", "TP53"]
    back = _table(unit="log2", known_at="week4", known_at_columns={"CD*": "baseline"})
    assert [back.column(gene) for gene in ("CD8A", "TP53")] == ["CD8A", "TP53__at_week4"]


def test_a_name_that_only_looks_like_a_time_is_a_name() -> None:
    assert known_when("MEAN__at_home", TIMES) == "baseline"


def test_scores_and_burden_are_explained_where_they_are_declared() -> None:
    plain, scored = _table(unit="x"), _table(unit="x", genes="G*", pathways={"gmt": "a", "keep_genes": False})
    assert scored.explains("HALLMARK_X__ssgsea")
    assert not scored.explains("G1")
    assert plain.explains("G1")
    assert not _table(unit="x", genes="G*").explains("HALLMARK_X__ssgsea")
    maf = {"form": "mutations", "genes": ["TP53"]}
    assert _table(**maf, panel_mb=30).explains("mutation_burden__per_mb")
    assert not _table(**maf).explains("mutation_burden__per_mb")
    assert not _table(**maf).explains("KRAS__mutated")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rows": "pairs"}, "gene and value name the columns of a table with rows: pairs"),
        ({"gene": "Gene", "value": "x"}, "gene and value name the columns of a table with rows: pairs"),
        ({"patients": "P*"}, "patients is a pattern for the columns of a table with rows: genes"),
        ({"form": "mutations", "genes": ["x"], "counted": ["Silent"]}, 'the class "Silent" cannot be both'),
        ({"form": "mutations", "genes": []}, "at least 1 item"),
        ({"form": "mutations", "genes": ["A__B"]}, 'names of genes hold no "__"; found "A__B"'),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings: dict[str, Any], message: str) -> None:
    unit = {"unit": "x"} if "form" not in settings else {}
    with pytest.raises(ValueError, match=message):
        _table(**unit, **settings)


def test_every_form_says_what_its_names_mean() -> None:
    for settings, _ in FORMS:
        table = _table(**settings)
        assert table.meaning
        assert isinstance(table, MatrixTable) or table.form == "mutations"
