"""radweave from Python: features of an image and a mask, tables of a store, and pyradiomics' class.

Nothing of it is loaded before it is used: `import radweave` takes milliseconds, and needs neither torch nor prefect.
docs/python.md says how to use it.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from features.core.errors import ConfigError as ConfigError
    from features.core.errors import DataError as DataError
    from features.core.errors import MachineError as MachineError
    from features.core.errors import RadweaveError as RadweaveError
    from features.core.errors import StoreError as StoreError
    from features.radiomics.extract import Features as Features
    from features.radiomics.extract import PairError as PairError
    from features.radiomics.extract import extract as extract
    from features.radiomics.feature_extractor import RadiomicsFeatureExtractor as RadiomicsFeatureExtractor
    from flows.read_table import query as query
    from flows.read_table import read_dictionary as read_dictionary
    from flows.read_table import read_table as read_table

# Name → the module that holds it.
PLACES = {
    "ConfigError": "features.core.errors",
    "DataError": "features.core.errors",
    "Features": "features.radiomics.extract",
    "MachineError": "features.core.errors",
    "PairError": "features.radiomics.extract",
    "RadiomicsFeatureExtractor": "features.radiomics.feature_extractor",
    "RadweaveError": "features.core.errors",
    "StoreError": "features.core.errors",
    "extract": "features.radiomics.extract",
    "query": "flows.read_table",
    "read_dictionary": "flows.read_table",
    "read_table": "flows.read_table",
}
__all__ = [*PLACES]
PACKAGES = ("features", "tasks", "flows")


def hidden_package(here: Path = Path(__file__).parent) -> str:
    """What is said where another folder or file hides one of radweave's packages; "" where none does."""
    for name in PACKAGES:
        own = here / name / "__init__.py"
        if not own.is_file():
            return f"radweave is not whole: its package {name} is not beside {__file__}; install radweave again"
        place = _place(name)
        if place.resolve() == own.resolve():
            continue
        found = place.parent if place.name == "__init__.py" else place
        said = f"{found} hides radweave's own package {name}, because it"
        if name in sys.modules:
            return f"{said} was imported before. One program cannot use both: rename {found.name}"
        return (
            f"{said} comes first on Python's path. Rename {found.name}; or start the script or notebook from another "
            f"folder, or by `python -P`, and take {found.parent} out of PYTHONPATH"
        )
    return ""


def _place(name: str) -> Path:
    """The file that Python takes for a package, or has taken; a folder where the package has no file."""
    if name in sys.modules:
        loaded = sys.modules[name]
        return Path(getattr(loaded, "__file__", None) or next(iter(getattr(loaded, "__path__", [])), name))
    spec = importlib.util.find_spec(name)
    if spec is None:
        return Path(name)
    return Path(spec.origin or next(iter(spec.submodule_search_locations or []), name))


def main() -> None:
    """The command `radweave`."""
    if _hidden:
        sys.stderr.write(f"radweave: {_hidden}\n")
        sys.exit(2)  # a fault of the configuration, as docs/exit-codes.md says
    from flows.cli import main as run

    run()


def _is_command() -> bool:
    """Whether this is imported by the command, which says in a sentence what a script is told by an exception."""
    return __name__ == "__main__" or (bool(sys.argv) and Path(sys.argv[0]).stem == "radweave")


_hidden = hidden_package()
if _hidden and not _is_command():
    raise ImportError(_hidden)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("radweave")
    if name not in PLACES:
        raise AttributeError(f"module 'radweave' has no attribute {name!r}")
    return getattr(importlib.import_module(PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted([*PLACES, "__version__", "main"])


if __name__ == "__main__":
    main()
