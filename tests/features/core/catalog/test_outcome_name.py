"""outcome_word: names of outcomes are seen through spelling; ordinary predictors are left alone."""

from __future__ import annotations

import pytest

from features.core.catalog.outcome_name import outcome_word


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("death", "death"),
        ("date_of_death", "death"),
        ("DateOfDeath", "death"),
        ("Cause of Death", "cause of death"),
        ("OS", "os"),
        ("OS (months)", "os"),
        ("os_days", "os"),
        ("PFS.time", "pfs"),
        ("status", "status"),
        ("Vital status", "vital status"),
        ("vitalStatus", "vital status"),
        ("follow-up", "follow up"),
        ("FollowUp_days", "follow up"),
        ("last_contact", "last contact"),
        ("local_recurrence", "recurrence"),
        ("n_scans", "n scans"),
        ("censored", "censored"),
        ("locoregional_days", "locoregional"),
        ("TimeToDistantMetastasis", "distant"),
    ],
)
def test_outcomes(name: str, word: str) -> None:
    assert outcome_word(name) == word


@pytest.mark.parametrize(
    "name",
    [
        "age",
        "sex",
        "stage",
        "performance_status",
        "smoking status",
        "HPV status",
        "position",
        "Gos",
        "oscillation",
        "t_0",
        "distant_lymph_nodes",
        "lymph_node_metastasis",
        "age_years",
    ],
)
def test_predictors(name: str) -> None:
    assert outcome_word(name) == ""
