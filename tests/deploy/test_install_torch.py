"""torch is installed in the build that fits the machine; where no builds can be reached, pip says so and takes its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KNOWN = "import importlib.metadata, sys; importlib.metadata.version = lambda name: '{}'; exec(sys.argv.pop(1))"


def environment(folder: Path, *, torch: str, reached: bool) -> Path:
    """An environment whose pip and uv note what they are asked for; uv reaches the builds or not."""
    (folder / "bin").mkdir()
    programs = {
        "uv": f'echo "uv $*" >> {folder}/asked; exit {0 if reached else 2}',
        "python": f"""case "$1" in
-m) echo "pip $*" >> {folder}/asked ;;
-c) shift; case "$1" in *SystemExit*) [ -n "{torch}" ] || exit 1 ;; esac
    exec {sys.executable} -S -c "{KNOWN.format(torch or "2.13.0+cpu")}" "$@" ;;
esac""",
    }
    for name, text in programs.items():
        path = folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return folder


def install(folder: Path, backend: str = "auto") -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """What the script says, and what it asked uv and pip for."""
    run = subprocess.run(
        ["sh", ROOT / "deploy" / "install_torch.sh", folder],
        env={**os.environ, "TORCH_BACKEND": backend, "TORCH": "torch==2.13.0"},
        capture_output=True,
        text=True,
    )
    asked = folder / "asked"
    return run, asked.read_text().splitlines() if asked.exists() else []


@pytest.mark.parametrize("version", ["2.13.0+cpu", "2.14.1+cu130"])
def test_a_torch_that_is_there_stays(tmp_path: Path, version: str) -> None:
    run, asked = install(environment(tmp_path, torch=version, reached=True))
    assert (run.stdout, asked) == (f"torch {version} is there and stays\n", [])


@pytest.mark.parametrize("version", ["", "2.9.1+cu126", "3.0.0"])
def test_uv_chooses_where_there_is_none_that_fits(tmp_path: Path, version: str) -> None:
    run, asked = install(environment(tmp_path, torch=version, reached=True))
    assert run.returncode == 0, run.stderr
    assert len(asked) == 2
    assert "--torch-backend=auto" in asked[0] and asked[0].endswith("--dry-run")
    assert asked[1] + " --dry-run" == asked[0]


def test_pip_says_what_it_may_bring_where_no_build_can_be_reached(tmp_path: Path) -> None:
    run, asked = install(environment(tmp_path, torch="", reached=False))
    assert run.returncode == 0, run.stderr
    assert asked[1:] == ["pip -m pip install --quiet --no-compile torch==2.13.0"]
    assert "cannot be reached, so pip takes the one of its own index (for Linux often gigabytes of CUDA" in run.stdout


def test_a_build_that_is_named_is_put_in_place_or_refused(tmp_path: Path) -> None:
    for reached in (True, False):
        folder = tmp_path / str(reached)
        folder.mkdir()
        run, asked = install(environment(folder, torch="2.13.0+cpu", reached=reached), "cu130")
        assert (run.returncode == 0) == reached
        assert "--torch-backend=cu130 --reinstall-package torch torch==2.13.0" in asked[-1]
        assert ('no build "cu130" of torch==2.13.0 could be installed' in run.stderr) == (not reached)
