"""dicom_keywords: the words of DICOM's data dictionary."""

from __future__ import annotations

from functools import cache
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType


@cache
def dicom_keywords() -> frozenset[str]:
    """All of them, such as `ClinicalTrialTimePointID`, from the file of pydicom that holds nothing else.

    The whole of pydicom takes half a second to import. Raises ModuleNotFoundError without it.
    """
    package = find_spec("pydicom")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("No module named 'pydicom'", name="pydicom")
    module = ModuleType("_dicom_dict")
    SourceFileLoader(module.__name__, str(Path(package.origin).with_name("_dicom_dict.py"))).exec_module(module)
    return frozenset(entry[4] for entry in module.DicomDictionary.values())
