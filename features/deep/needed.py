"""What deep features need besides the rest of radweave: they say how it is installed; everything else works without it."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

from features.core.errors import MachineError

INSTALL = (
    'make torch in a checkout, else pip install "radweave[deep]" (on Linux with the build of torch that fits the machine), '
    "or choose recipes without deep features"
)


def torch_version() -> str:
    """The version that is installed, without what tells its builds apart. Raises MachineError if there is none."""
    check_installed("torch")
    return torch_build().partition("+")[0]


@cache
def torch_build() -> str:
    """The version that is installed and its build, such as 2.13.0+cpu: what the package says takes a while to find."""
    return version("torch")


def is_installed(*modules: str) -> bool:
    """Whether all of these modules are there. Imports none."""
    try:
        check_installed(*modules)
    except MachineError:
        return False
    return True


def check_installed(*modules: str) -> None:
    """Raises MachineError if one of these modules is not installed. Imports none."""
    for module in modules:
        try:
            found = find_spec(module) is not None
        except ImportError:
            found = False
        if not found:
            package = module.replace("_", "-")
            raise MachineError(f"deep features need the package {package}, which is not installed: {INSTALL}")


def check_torch() -> None:
    """Raises MachineError if torch is not installed, or is and cannot be loaded."""
    torch_version()
    try:
        import torch  # noqa: F401
    except (ImportError, OSError) as error:
        raise MachineError(
            f"deep features need the package torch, which cannot be loaded ({error}): {INSTALL}"
        ) from error


def load_onnxruntime() -> Any:
    """onnxruntime, which must not tell its makers who runs it: imported otherwise, it keeps an identifier of the machine in the
    user's cache and events to be sent. Raises MachineError if it is not installed.
    """
    check_installed("onnxruntime", "onnx")
    os.environ["ORT_DISABLE_TELEMETRY"] = (
        "1"  # is read as it is imported; its own function to disable events comes too late
    )
    import onnxruntime

    return onnxruntime
