"""The signature of Sun et al. 2018 on a simulated cohort, by the commands and the studies of docs/signatures.md."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from features.core.storage.table import read_table
from features.simulate.kinds.immuno import STUDIES
from tests.support.page import Page

PAGE = (Path(__file__).parents[2] / "docs" / "signatures.md").read_text("utf-8")
SMALL = {"simulate": ("--patients-per-centre", 18)}


def test_the_page_shows_the_studies_that_come_with_the_cohort() -> None:
    shown = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)]
    first, second = STUDIES["immuno_cd8"], STUDIES["immuno_response"]
    assert shown[:2] == [{key: study[key] for key in own} for own, study in zip(shown, (first, second), strict=False)]


@pytest.mark.slow
def test_a_signature_of_expression_tells_response_and_survival_where_there_is_none(
    inside, command, tmp_path: Path
) -> None:
    """Positive control: planted in texture, learnt from genes of one cohort, it is found in others by images alone."""
    lines = [line for line in PAGE.splitlines() if line.startswith("radweave ")]
    assert len(lines) == 5
    for line in lines:
        words = shlex.split(line)[1:]
        run_line = command if words[0] == "simulate" else inside
        run_line(*words, *SMALL.get(words[0], ()), cwd=tmp_path)
    told = {}
    for name in ("immuno_response", "immuno_survival"):
        (run,) = (tmp_path / "immuno" / "store" / "studies" / name).iterdir()
        tables = Page((run / "report.html").read_text()).tables
        assert len(tables["table-signature-cd8-own"].rows) > 1
        for row in tables["table-signature-cd8-here"].rows[1:]:
            told[name, row[1]] = float(row[2])
        fits = read_table(run / "fits.parquet").to_pandas().query("split == 'signature'")["result"]
        told[name] = fits.iloc[0]
    assert told["immuno_response"] == told["immuno_survival"]  # one fit for both
    assert told["immuno_response", "external"] > 0.7, told
    assert told["immuno_survival", "external"] < 0.4 and told["immuno_survival", "survival"] < 0.4, told
