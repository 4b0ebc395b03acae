"""Sources: what a module imports decides its digest, however the import is written, and nothing else does."""

from pathlib import Path

import pytest

from features.core.code_digest import modules_in, sources_of

FILES = {
    "features/__init__.py": "",
    "features/core/__init__.py": "",
    "features/core/storage/table.py": "import pyarrow.parquet as pq\n",
    "features/core/lazy.py": "",
    "features/images/__init__.py": "",
    "features/images/reader.py": "import pydicom\n",
    "tasks/__init__.py": "",
    "tasks/fit.py": "from tasks.modelling.metrics import (\n    auc,\n    brier as b,\n)\n",
    "tasks/modelling/metrics/__init__.py": "",
    "tasks/modelling/metrics/auc.py": (
        "from features.core.storage.table import read\n\n\ndef f():\n    from features.core import lazy\n"
    ),
    "tasks/modelling/metrics/brier.py": "from sklearn.base import clone\nfrom tasks import fit\n",
    "tasks/modelling/metrics/page.html": "<p>",
}


@pytest.fixture
def write(tmp_path: Path):
    """Write the tree anew into a folder of its own, with some files changed."""
    made = iter(range(100))

    def build(**changed: str) -> Path:
        root = tmp_path / str(next(made))
        for name, text in (FILES | changed).items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    return build


def test_modules_are_those_that_are_imported_from_anywhere_in_a_file(write) -> None:
    found = sources_of(["tasks.fit"], write())
    assert found.modules == {
        *(
            "tasks.fit",
            "tasks.modelling.metrics.auc",
            "tasks.modelling.metrics.brier",
            "features.core.storage.table",
            "features.core.lazy",
        ),
    }
    assert found.libraries == {"pyarrow", "sklearn"}


@pytest.mark.parametrize(
    "name",
    ["tasks/fit.py", "features/core/storage/table.py", "features/core/lazy.py", "tasks/modelling/metrics/page.html"],
)
def test_one_changed_source_changes_the_digest(write, name: str) -> None:
    changed = {name: FILES[name] + "\n# otherwise\n"}
    assert sources_of(["tasks.fit"], write()).digest == sources_of(["tasks.fit"], write()).digest
    assert sources_of(["tasks.fit"], write()).digest != sources_of(["tasks.fit"], write(**changed)).digest


def test_a_source_that_is_not_imported_changes_nothing(write) -> None:
    changed = {"features/images/reader.py": "import highdicom\n"}
    assert sources_of(["tasks.fit"], write()) == sources_of(["tasks.fit"], write(**changed))


def test_a_module_that_is_not_there_is_a_fault(write) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"tasks\.nothing is no module of features, tasks"):
        sources_of(["tasks.nothing"], write())


def test_a_study_is_decided_by_its_own_floor_and_not_by_readers_of_images() -> None:
    found = sources_of(["tasks.fuse", "tasks.fit", "tasks.report", "tasks.modelling.models.svm"])
    assert {"tasks.modelling.pairs", "features.fusion.encode", "tasks.reports.section"} <= found.modules
    assert not [name for name in found.modules if name.startswith(("features.images", "features.radiomics"))]
    assert {"numpy", "scipy", "sklearn", "sksurv", "lifelines"} <= found.libraries


def test_modules_of_a_package_are_its_files(write) -> None:
    assert modules_in("tasks.modelling.metrics", write()) == {
        "tasks.modelling.metrics.auc",
        "tasks.modelling.metrics.brier",
    }


def test_a_section_of_the_report_decides_a_study() -> None:
    found = modules_in("tasks.reports.sections")
    assert {"tasks.reports.sections.headline", "tasks.reports.sections.scores"} <= found
    assert found <= sources_of(found).modules


def test_an_import_for_types_alone_does_not_count_and_what_follows_it_does(write) -> None:
    text = (
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:  # for mypy\n    from tasks.fit import a\n\n    import pydicom\n\n"
        "from features.core import lazy\n"
    )
    found = sources_of({"features.images.reader"}, write(**{"features/images/reader.py": text}))
    assert {"features.core.lazy"} <= found.modules and "tasks.fit" not in found.modules
    assert "pydicom" not in found.libraries
