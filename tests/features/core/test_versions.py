"""Versions that decide values, and how differences are told."""

import platform
from importlib.metadata import version

from features.core.versions import differences, package_versions


def test_versions_are_those_that_are_installed() -> None:
    found = package_versions()
    assert found["Python"] == platform.python_version()
    assert found["numpy"] == version("numpy")
    assert "+" not in found["torch"]
    assert "none" not in found.values()
    assert len(found["radweave"]) == 12


def test_equal_versions_have_no_differences() -> None:
    assert differences(package_versions().items()) == []


def test_differences_name_the_library_and_both_versions() -> None:
    assert differences([("numpy", "0.1"), ("Python", platform.python_version())]) == [
        f"numpy 0.1, there {version('numpy')}"
    ]
