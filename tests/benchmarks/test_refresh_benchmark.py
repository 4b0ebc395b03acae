"""The benchmark of refreshes runs, and a refresh has the values of pyradiomics' own command."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def printed(*arguments: object) -> str:
    command = [sys.executable, ROOT / "benchmarks" / "refresh.py", *arguments]
    found = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.slow
def test_a_peer_s_way_gives_the_same_values(tmp_path: Path) -> None:
    found = printed("peer", "--cases", 1, "--shape", 40, 64, 64, "--folder", tmp_path)
    count = re.search(r"% of (\d+) values within 1e-6", found)
    assert count is not None, found
    assert int(count[1]) > 1000


@pytest.mark.slow
def test_of_a_changed_case_alone_the_values_change(tmp_path: Path) -> None:
    found = printed("unchanged", "--cases", 4, "--folder", tmp_path)
    assert "the first and the last tables: 1 (1 was changed)" in found


@pytest.mark.slow
def test_files_of_many_images_and_regions_are_opened_once_and_have_the_peers_values(tmp_path: Path) -> None:
    found = printed("brain", "--cases", 1, "--shape", 40, 48, 48, "--folder", tmp_path)
    rows = re.findall(r"^\| (\d) \| (\d) \| \d+ \| 6 \| 1 \| 6 \| \d \|$", found, re.MULTILINE)
    assert rows == [("1", "1"), ("3", "1"), ("1", "2"), ("3", "2")]
    assert re.search(
        r"^\| the same with preCrop and a padDistance of \d+ \| [\d.]+ \| [\d.]+ \|$", found, re.MULTILINE
    ), found
    assert re.search(r"Ratio [\d.]+; \d{5} columns of 1 patients", found), found
