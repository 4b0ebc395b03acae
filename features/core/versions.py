"""Versions: what decides the numbers besides data and settings. Two machines that work together must agree on them."""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterable
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from features.core.digest import digest_files

PACKAGES = (
    "numba",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "pydicom",
    "highdicom",
    "nibabel",
    "SimpleITK",
    "pyradiomics-bhklab",
    "PyWavelets",
    "torch",
    "scikit-learn",
    "scikit-survival",
    "lifelines",
)
IMPORTED_AS = {
    "pyradiomics-bhklab": "radiomics",
    "PyWavelets": "pywt",
    "scikit-learn": "sklearn",
    "scikit-survival": "sksurv",
}


@lru_cache(maxsize=1)
def package_versions() -> dict[str, str]:
    """Version of Python and of each library that decides values, "none" if it is absent; radweave by its source files."""
    found = {"Python": platform.python_version(), "radweave": _sources()}
    return found | {package: _version(package) for package in PACKAGES}


def versions_of(libraries: Collection[str]) -> dict[str, str]:
    """Version of Python and of those libraries, by the names they are imported under, that decide values."""
    packages = [package for package in PACKAGES if IMPORTED_AS.get(package, package) in libraries]
    return {"Python": platform.python_version(), **{package: _version(package) for package in packages}}


@lru_cache(maxsize=1)
def kernel() -> str:
    """Which instructions of the processor this process computes with: the kernels of BLAS, and what numpy itself uses.

    Last bits may depend on them, never more; the lineage holds them, addresses do not.
    """
    import numpy as np
    from threadpoolctl import threadpool_info

    blas = {
        f"{one['internal_api']} {one.get('architecture', '')}".strip()
        for one in threadpool_info()
        if one["user_api"] == "blas"
    }
    wide = np.show_config(mode="dicts")["SIMD Extensions"]["found"]
    return "; ".join([*sorted(blas), " ".join(["numpy", *wide])])


def differences(expected: Iterable[tuple[str, str]]) -> list[str]:
    """What is different in this process from the versions that are expected, in words."""
    here = package_versions()
    return [f"{name} {wanted}, there {here[name]}" for name, wanted in expected if here.get(name) != wanted]


def _version(package: str) -> str:
    try:
        return version(package).split("+")[0]  # 2.13.0+cpu and 2.13.0+cu130 are one version
    except PackageNotFoundError:
        return "none"


def _sources() -> str:
    root = Path(__file__).parents[2]
    files = sorted(path for package in ("features", "tasks") for path in (root / package).rglob("*.py"))
    return digest_files(files)[:12]
