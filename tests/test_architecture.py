"""The rule of arrows, read off the imports of every file."""

import ast
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = sorted(path for package in ("features", "tasks", "flows") for path in (ROOT / package).rglob("*.py"))
# What each room of the library may import besides core and itself.
MAY_IMPORT = {
    "core": set(),
    "endpoints": set(),
    "images": set(),
    "simulate": set(),
    "tables": set(),
    "radiomics": {"images"},
    "deep": {"images"},
    "privacy": {"images"},
    "pacs": {"images"},
    "clinical": {"tables"},
    "genomic": {"tables"},
    "ready": {"tables", "radiomics"},  # of radiomics the names of features and their IBSI codes
    "results": {"images", "tables"},
    "fusion": {"results", "tables"},
}


@cache
def _imports(path: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Modules that a file imports, and with them what it names of these, dotted."""
    found, names = set(), set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found), frozenset(found | names)


def imported(path: Path) -> frozenset[str]:
    return _imports(path)[0]


def named(path: Path) -> frozenset[str]:
    """Modules and names that a file imports, dotted: `from a.b import c` may mean the module a.b.c."""
    return _imports(path)[1]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_arrows_point_from_flows_to_tasks_to_features() -> None:
    wrong = {name_of(path): found for path in FILES if (found := _against_the_arrows(path))}
    assert wrong == {}


def _against_the_arrows(path: Path) -> set[str]:
    """Packages that a file imports and must not."""
    place = path.relative_to(ROOT).parts
    packages = {name.split(".")[0] for name in imported(path)}
    forbidden = {"features": {"tasks", "flows", "prefect", "dask", "distributed"}, "tasks": {"flows"}, "flows": set()}[
        place[0]
    ]
    if place[0] == "tasks" and len(place) > 2:
        forbidden = {"flows", "prefect"}
    if place[0] in ("tasks", "flows") and place != ("tasks", "running", "runners", "dask.py"):
        forbidden = forbidden | {"dask", "distributed"}
    return packages & forbidden


def test_sibling_rooms_do_not_know_each_other() -> None:
    wrong = {}
    for path in FILES:
        place = path.relative_to(ROOT).parts
        if place[0] == "features" and len(place) > 2:
            rooms = {name.split(".")[1] for name in imported(path) if name.startswith("features.")}
            if others := rooms - {place[1], "core"} - MAY_IMPORT[place[1]]:
                wrong[name_of(path)] = others
    assert wrong == {}


def test_every_room_of_the_library_is_known() -> None:
    rooms = {path.relative_to(ROOT).parts[1] for path in FILES if path.is_relative_to(ROOT / "features")} - {
        "__init__.py"
    }
    assert rooms == set(MAY_IMPORT)


def test_flow_files_evaluate_their_annotations() -> None:
    """Served runs with typed parameters fail where annotations are strings."""
    lazy = [name_of(path) for path in (ROOT / "flows").rglob("*.py") if "__future__" in imported(path)]
    assert lazy == []


def test_no_module_grows_past_four_hundred_lines() -> None:
    long = {name_of(path): n for path in FILES if (n := len(path.read_text("utf-8").splitlines())) > 400}
    assert long == {}


def test_code_stands_in_the_three_packages_alone() -> None:
    allowed = {"features", "tasks", "flows", "tests", "benchmarks", "docs"}
    ignored = {"build", "demo", "store"}
    folders = {path.parent.name for path in ROOT.glob("*/*.py") if not path.parent.name.startswith(".")}
    assert folders <= allowed | ignored


def test_tests_mirror_the_tree() -> None:
    """A name begins with that of a module or folder of its room, or below, or of the room. Ways of a user are in flows."""
    strays = []
    for path in sorted(path for top in ("features", "tasks") for path in (ROOT / "tests" / top).rglob("test_*.py")):
        room = ROOT / path.parent.relative_to(ROOT / "tests")
        names = {room.name, *(one.stem for one in room.rglob("*") if one.is_dir() or one.suffix == ".py")}
        words = path.stem.split("_")[1:]
        if not room.is_dir() or not any("_".join(words[:n]) in names for n in range(1, len(words) + 1)):
            strays.append(name_of(path))
    assert strays == []


def test_no_flow_file_hides_a_package() -> None:
    """Prefect's workers put the folder of a flow file first on the path."""
    names = {path.stem for path in (ROOT / "flows").glob("*.py")}
    assert names & ({"features", "tasks", "tests", "prefect"} | sys.stdlib_module_names) == set()


def test_no_file_imports_itself_in_a_circle() -> None:
    """Imports inside functions and for types count too."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in FILES}
    waits = {name: {one for one in named(path) if one in modules} - {name} for name, path in modules.items()}
    while free := {name for name, others in waits.items() if not others}:
        waits = {name: others - free for name, others in waits.items() if name not in free}
    assert waits == {}
