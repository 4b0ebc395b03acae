"""The analysts' recipes that need more than the checkout: R, and a store on object storage."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.mart import fill_store

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "analyst.md").read_text("utf-8")
R = re.findall(r"^```r\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def test_there_is_a_recipe_for_each_tool() -> None:
    for tool in ("pandas as pd", "polars as pl", "import duckdb", "import fsspec"):
        assert any(tool in block for block in PYTHON), tool
    assert len(R) == 1


@pytest.mark.slow
@pytest.mark.parametrize("code", R)
def test_r_example_works(request: pytest.FixtureRequest, tmp_path: Path, code: str) -> None:
    program = shutil.which("Rscript")
    if program is None:
        pytest.skip("R is not installed")
    needed = 'quit(status = !all(sapply(c("arrow", "dplyr"), requireNamespace, quietly = TRUE)))'
    if subprocess.run([program, "-e", needed], capture_output=True, check=False).returncode:
        parsed = subprocess.run(
            [program, "-e", "parse('stdin')"], input=code, capture_output=True, text=True, check=False
        )
        assert parsed.returncode == 0, parsed.stderr
        pytest.skip("R's packages arrow and dplyr are not installed; the recipe was only parsed")
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "store").symlink_to(request.getfixturevalue("demo").store)
    found = subprocess.run([program, "-e", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


@pytest.mark.slow
def test_the_recipe_for_object_storage_reads_a_bucket(s3: str) -> None:
    from features.core.storage.place import open_place
    from features.core.storage.store import Store

    fill_store(Store(open_place(f"{s3}/store")))
    code = next(block for block in PYTHON if "fsspec" in block)
    assert 'STORE = "demo/store"' in code
    code = (
        code.replace('STORE = "demo/store"', f'STORE = "{s3}/store"') + "\nprint(region.num_rows, region.num_columns)"
    )
    found = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == ["4", "8"]
