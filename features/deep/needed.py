"""torch where it is needed: deep features say how it is installed; everything else works without it."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec

from features.core.errors import MachineError

INSTALL = 'pip install "torch>=2.13,<3" (for a GPU the build that fits it), or choose recipes without deep features'


def torch_version() -> str:
    """The version that is installed, without what tells its builds apart. Raises MachineError if there is none."""
    try:
        if find_spec("torch") is not None:
            return version("torch").partition("+")[0]
    except ImportError:
        pass
    raise MachineError(f"deep features need the package torch, which is not installed: {INSTALL}")


def check_torch() -> None:
    """Raises MachineError if torch is not installed, or is and cannot be loaded."""
    torch_version()
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:
        raise MachineError(
            f"deep features need the package torch, which cannot be loaded ({error}): {INSTALL}"
        ) from error
