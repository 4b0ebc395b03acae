"""Which endpoint the values of a column make, and what is asked for where they make none without doubt."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from features.core.errors import ConfigError, DataError, RadweaveError
from tasks.drafting.table_study.aim import Aim, aim_of
from tasks.drafting.table_study.asked import Asked
from tasks.drafting.table_study.values import Values

AMOUNTS = "0 1 2 3 4 5 6 7 8 9 10 11"


def aim(columns: dict[str, str], **asked: Any) -> Aim:
    given = Asked((Path("t.csv"),), ids=("ID",), **asked)
    return aim_of(given, lambda name: Values.of("t.csv", name, columns[name].replace("_", "").split(" ")))


@pytest.mark.parametrize(
    ("cells", "asked", "endpoint", "variable", "source"),
    [
        ("1 0 1", {}, "binary", {"type": "flag"}, {"codes": {"0": False, "1": True}}),
        ("1.0 0.0 1.0", {}, "binary", {"type": "flag"}, {"codes": {"0.0": False, "1.0": True}}),
        ("yes No yes NA", {}, "binary", {"type": "flag"}, {"codes": {"No": False, "yes": True}}),
        (
            "1 2 ? 2",
            {"positive": "2"},
            "binary",
            {"type": "flag"},
            {"codes": {"1": False, "2": True}, "missing": ["?"]},
        ),
        ("0.5 1 7", {}, "continuous", {"type": "number"}, {}),
        (AMOUNTS, {}, "continuous", {"type": "number"}, {}),
        ("10 9 8", {"kind": "ordinal"}, "ordinal", {"type": "ordinal", "levels": ["8", "9", "10"]}, {}),
        ("b c a b", {"kind": "multiclass"}, "multiclass", {"type": "category", "levels": ["a", "b", "c"]}, {}),
        (
            "low high mid",
            {"kind": "ordinal", "levels": ("low", "mid", "high")},
            "ordinal",
            {"type": "ordinal", "levels": ["low", "mid", "high"]},
            {},
        ),
    ],
)
def test_a_target_is_what_its_values_are(
    cells: str, asked: dict[str, Any], endpoint: str, variable: dict[str, Any], source: dict[str, Any]
) -> None:
    found = aim({"My Target": cells}, targets=("My Target",), **asked)
    assert (found.word, found.endpoint) == ("my_target", {"kind": endpoint, "column": "my_target"})
    assert found.variables == {"my_target": {"description": "My Target", "role": "outcome", **variable}}
    assert found.columns == {"my_target": {"from": "My Target", **source}}


def test_a_time_and_its_event_are_survival_in_days() -> None:
    found = aim({"OS (months)": "1.5 7 _", "dead": "1 0 1"}, time="OS (months)", event="dead")
    assert (found.word, found.endpoint) == ("os", {"kind": "survival", "time": "os_months", "event": "dead"})
    alive = aim({"t_days": "1 7", "alive": "dead alive"}, time="t_days", event="alive")
    assert alive.columns["alive"]["codes"] == {"alive": False, "dead": True}
    assert found.variables["os_months"]["unit"] == "days"
    assert found.columns["os_months"] == {"from": "OS (months)", "unit": "months"}
    assert found.said == (
        "OS (months) in months; dead: 1 means seen, in 2 of 3",
        "OS (months): missing in 1 row, whose patients are left out",
    )


def test_several_targets_are_labels() -> None:
    found = aim({"hpv": "1 0 1", "p16": "no yes yes"}, targets=("hpv", "p16"))
    assert (found.word, found.endpoint) == ("labels", {"kind": "multilabel", "labels": ["hpv", "p16"]})
    assert found.said == ("hpv: 1 means yes, in 2 of 3; p16: yes means yes, in 2 of 3",)


def test_a_cause_makes_competing_risks() -> None:
    asked = {"time": "t", "cause": "why", "time_unit": "years", "of_interest": "2"}
    found = aim({"t": "1 2 3", "why": "0 1 2"}, **asked)
    assert found.endpoint == {
        "kind": "competing_risks",
        "time": "t",
        "cause": "why",
        "censored": "0",
        "of_interest": "2",
    }
    assert found.variables["why"]["levels"] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("columns", "asked", "message"),
    [
        ({"t": "5 6 7", "e": "0 0 0"}, {"time_unit": "days"}, "says no in all rows: nothing can be predicted; found 0"),
        ({"y": "1 2 1"}, {}, 'the column "y" does not say which value means yes; found 1, 2; name it: --positive VALUE'),
        ({"y": "1 2 1"}, {"positive": "3"}, '--positive 3: no cell of "y" holds it; allowed: 1, 2'),
        ({"y": "0 1 2"}, {}, "may be of several kinds; found 0, 1, 2; say --kind multiclass, --kind ordinal or --kind contin"),
        ({"y": "a b c a b c"}, {}, "found a, b, c; say --kind multiclass, or --kind ordinal with --levels LOW,…,HIGH"),
        ({"y": "Smith Miller Jones"}, {}, 'the column "y" may be of several kinds; found 3 different values; say'),
        ({"y": "a b c"}, {"kind": "ordinal"}, "has no order of its own; found a, b, c; name its levels"),
        ({"y": "a b c"}, {"levels": ("a", "b"), "kind": "ordinal"}, "holds other levels in 1 row; found a, b, c; allowed: a, b"),
        ({"y": "a 1 2"}, {"kind": "continuous"}, "holds no number in 1 row"),
        ({"y": "a b c"}, {"kind": "binary"}, "has more than two values"),
        ({"t_days": "1 2", "censored": "0 1"}, {}, 'the column "censored" may say of whom no event was seen: its name does'),
        ({"t": "1 2", "e": "0 1"}, {}, 'the name "t" does not tell the unit of the time; allowed: days, weeks, months or years'),
        ({"t": "1 x", "e": "0 1"}, {"time_unit": "days"}, 'the column "t" holds no number in 1 row'),
        ({"t": "1 2 3", "e": "0 1 2"}, {"time_unit": "days"}, "where they are causes of the event, give --cause instead"),
        ({"t": "1 2 3", "c": "0 1 2"}, {"time_unit": "days"}, "holds several causes; found 0, 1, 2; name the one"),
        ({"t": "1 2", "c": "8 9"}, {"time_unit": "days"}, "does not say which value means that no event was seen"),
    ],
)  # fmt: skip
def test_what_the_values_do_not_decide_is_asked_for(
    columns: dict[str, str], asked: dict[str, Any], message: str
) -> None:
    roles = {"t": "time", "t_days": "time", "e": "event", "censored": "event", "c": "cause"}
    with pytest.raises(ConfigError) as caught:
        aim(columns, **({"targets": ("y",)} if "y" in columns else {roles[name]: name for name in columns}), **asked)
    assert message in str(caught.value)


@pytest.mark.parametrize(("cells", "message"), [("1 1 1", "has one value in all rows"), ("_ NA nan", "is empty")])
def test_a_target_that_is_the_same_for_all_predicts_nothing(cells: str, message: str) -> None:
    with pytest.raises(DataError, match=f't.csv: the column "y" {message}; nothing can be predicted'):
        aim({"y": cells}, targets=("y",))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "what is to be predicted?"),
        ({"targets": ("y",), "time": "t"}, "a study predicts one of them"),
        ({"time": "t"}, "--time goes with --event COLUMN"),
        ({"targets": ("y",), "time_unit": "days"}, "--time-unit goes with --time, which is not given"),
        ({"targets": ("y",), "test": "x"}, "--test goes with --split, which is not given"),
        (
            {"targets": ("y",), "kind": "continuous", "levels": ("a",)},
            "--levels goes with --kind ordinal or multiclass",
        ),
        ({"targets": ("y",), "ids": ("a", "b")}, "--id is given 2 times: give it once, or once for each --table"),
        ({"targets": ("y",), "ids": ()}, "which column holds the patient ids?"),
    ],
)
def test_options_that_contradict_each_other_are_told(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(RadweaveError, match=message.replace("?", r"\?")):
        Asked((Path("t.csv"),), **{"ids": ("ID",), **asked})
