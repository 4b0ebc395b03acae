"""Attacks by files and texts from outside that no other test makes. Each code is one of the fault corpus.

Tested elsewhere: SEC_PATH (both test_files, test_index), SEC_CSV (test_spreadsheet, test_query), SEC_SQL
(test_views, test_study), SEC_HTML (test_report), SEC_PREFECT_BIND (test_serve, test_serve_and_losses), SEC_PHI_LOG
(test_canaries, test_dicom).
"""

from __future__ import annotations

import ast
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset

from features.core.catalog.catalog import load_catalog
from features.core.errors import ConfigError, WeightsError
from features.core.quarantine import Rejected
from features.deep.card import Weights
from features.deep.checkpoint import read_weights
from features.images.dicom.dataset import quiet, read_dataset
from features.images.formats.volume import read_volume
from features.images.index.findings import Pseudonyms
from features.privacy.dataset import Rules

ROOT = Path(__file__).parents[1]
WORDS = re.compile(r"pickle|joblib|dill|\bload\(|unsafe_load|Environment|Template|from_string|@flow|@task")
SOURCES = {
    path: ast.parse(text)
    for package in ("features", "tasks", "flows")
    for path in sorted((ROOT / package).rglob("*.py"))
    if WORDS.search(text := path.read_text("utf-8"))
}


class Payload:
    """Unpickled, it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "payload",
    [
        "!!python/object/apply:os.system ['touch {path}']",
        "!!python/object/new:pathlib.Path ['{path}']",
        "!!python/name:os.system",
    ],
)
def test_sec_yaml(tmp_path: Path, payload: str) -> None:
    """A catalog that wants to run code is a fault of the configuration."""
    catalog = tmp_path / "data_catalog.yaml"
    catalog.write_text(f"version: 1\ncohorts: {payload.format(path=tmp_path / 'ran')}\n")
    with pytest.raises(ConfigError):
        load_catalog(catalog)
    assert not (tmp_path / "ran").exists()


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def test_sec_pickle_and_sec_npy() -> None:
    """No code unpickles what comes from outside: only what this program's own processes said to each other."""
    found = []
    for path, tree in SOURCES.items():
        for name, call in _calls(tree):
            options = {word.arg: ast.unparse(word.value) for word in call.keywords}
            if name.split(".")[-1] in ("load", "loads") and name.split(".")[0] in (
                "pickle",
                "joblib",
                "cloudpickle",
                "dill",
            ):
                found.append(path.name)
            if name in ("torch.load", "np.load", "pd.read_pickle", "yaml.load", "yaml.unsafe_load"):
                safe = options.get("weights_only") == "True" or (name == "np.load" and "allow_pickle" not in options)
                assert safe, f"{path}: {name}"
    assert set(found) == {"processes.py", "dask.py"}


@pytest.mark.slow  # loads torch
def test_sec_pickle_a_checkpoint_that_runs_code_is_refused(tmp_path: Path) -> None:
    """By its digest; and also if the digest were the declared one."""
    from features.core.digest import digest_file

    torch = pytest.importorskip("torch")
    path = tmp_path / "weights.pth"
    torch.save({"a": Payload(tmp_path / "ran")}, path)
    with pytest.raises(WeightsError, match="sha-256"):
        read_weights(path, Weights(sha256="0" * 64, get="install"))
    with pytest.raises(WeightsError, match="could run code: it is refused"):
        read_weights(path, Weights(sha256=digest_file(path), get="install"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["image.npy", "image.nii", "image.nii.gz", "image.nrrd", "image.mha"])
def test_sec_npy_an_array_of_objects_is_no_image(tmp_path: Path, name: str) -> None:
    data = io.BytesIO()
    np.save(data, np.array([Payload(tmp_path / "ran")], dtype=object), allow_pickle=True)
    (tmp_path / name).write_bytes(data.getvalue())
    with pytest.raises(Rejected):
        read_volume(tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_sec_prefect_result() -> None:
    """No flow and no task lets Prefect keep its result, which it would pickle."""
    kept = []
    for path, tree in SOURCES.items():
        for node in ast.walk(tree):
            for decorator in getattr(node, "decorator_list", []):
                text = ast.unparse(decorator)
                if re.match(r"(flow|task)\b", text) and "persist_result=False" not in text:
                    kept.append(f"{path.name}: {text}")
    assert kept == []


def test_sec_html() -> None:
    """Every page escapes what it shows."""
    made = [
        (path.name, ast.unparse(call))
        for path, tree in SOURCES.items()
        if "jinja2" in path.read_text("utf-8")  # a class of ours may be called Template
        for name, call in _calls(tree)
        if name.split(".")[-1] in ("Environment", "Template", "from_string")
    ]
    environments = [text for _, text in made if text.startswith(("Environment(", "jinja2.Environment("))]
    assert environments and all("autoescape=True" in text for text in environments)
    assert not [text for _, text in made if text.startswith(("Template(", "jinja2.Template("))]


def test_sec_secret_the_key_is_in_no_text() -> None:
    """What holds the pseudonyms' key does not show it: not in a traceback, a log or a test's message."""
    key = b"canary-key-" + b"k" * 32
    for holder in (Pseudonyms("demo", key), Rules("demo", key)):
        assert "canary" not in f"{holder} {holder!r}"


def test_sec_phi_log_values_of_files_are_not_logged() -> None:
    """pydicom warns of values and logs them; neither leaves the reader, whatever the root logger does."""
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    try:
        with quiet():
            dataset = Dataset()
            dataset.StudyDate = "KANARIE^ANN"
            dataset.add_new(0x00080018, "UI", "KANARIE^ANN")
    finally:
        logging.getLogger().removeHandler(handler)
    assert "KANARIE" not in said.getvalue()


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_sec_dep(name: str) -> None:
    """Every line of a lock has a version and digests, and the Makefile asks for them."""
    lock = (ROOT / name).read_text()
    entries = re.split(r"\n(?=[a-zA-Z0-9])", re.sub(r"(?m)^\s*#.*\n", "", lock))
    assert len(entries) > 100
    assert [
        entry[:60] for entry in entries if not re.match(r"[\w.\[\], -]+==\S+[^\n]*\\\n\s+--hash=sha256:", entry)
    ] == []
    assert f"--require-hashes -r {name}" in (ROOT / "Makefile").read_text()


def test_sec_dos_a_file_of_nested_sequences_is_refused(tmp_path: Path) -> None:
    """A thousand sequences in each other, of undefined length."""
    head = bytes(128) + b"DICM\x02\x00\x10\x00UI\x12\x001.2.840.10008.1.2\x00"
    nest = (b"\x08\x00\x15\x11\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff") * 100_000
    path = tmp_path / "nested.dcm"
    path.write_bytes(head + nest)
    with pytest.raises(Rejected) as caught:
        read_dataset(path)
    assert caught.value.code == "DICOM_TRUNC"
