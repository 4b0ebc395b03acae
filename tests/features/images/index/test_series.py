"""split_series, set_aside: what the files of one series are, by their headers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from features.images.index.header import DicomFile, Header
from features.images.index.series import is_gapless, is_mixed, repeated, set_aside, split_series

AXIAL, SAGITTAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


def _file(
    z: float,
    *,
    phase: Sequence[str] = ("", "", "", "", ""),
    orientation: tuple[float, ...] = AXIAL,
    kind: str = "image",
    modality: str = "CT",
    name: str = "",
    rows: int = 8,
) -> DicomFile:
    grid = (float(rows), 8.0, 1.0, 1.0)
    header = Header(kind, modality, "p", "s", "f", {}, frozenset(), tuple(phase), orientation, grid)  # type: ignore[arg-type]
    return DicomFile(
        Path(f"{name}{z}{''.join(phase)}"), header, f"{name}{z}{phase}", (0.0, 0.0, z) if orientation else ()
    )


def _stack(*phase: str, count: int = 5, first: float = 0.0, step: float = 2.5, rows: int = 8) -> list[DicomFile]:
    padded = (*phase, *[""] * (5 - len(phase)))
    return [_file(first + k * step, phase=padded, rows=rows) for k in range(count)]


def _parts(files: list[DicomFile]) -> list[list[str]] | None:
    parts = split_series(files)
    return None if parts is None else sorted(sorted(file.path.name for file in part) for part in parts)


def _names(*parts: list[DicomFile]) -> list[list[str]]:
    return sorted(sorted(file.path.name for file in part) for part in parts)


def test_a_stack_is_one_image_although_each_slice_is_an_acquisition_of_its_own() -> None:
    files = [_file(2.5 * k, phase=(str(k), "", "", "", "")) for k in range(6)]
    assert split_series(files) == [files]


@pytest.mark.parametrize("tag", range(5))
def test_what_separates_repeated_positions_gives_the_images(tag: int) -> None:
    one, other = (_stack(*[""] * tag, value) for value in "ab")
    assert _parts([file for pair in zip(one, other, strict=True) for file in pair]) == _names(one, other)


def test_tags_that_say_the_same_separate_once() -> None:
    one, other = _stack("1", "80"), _stack("2", "20")
    assert _parts(one + other) == _names(one, other)


def test_two_tags_are_needed_where_one_does_not_do() -> None:
    parts = [_stack(echo, "", b) for echo in "12" for b in "xy"]
    assert _parts([file for part in parts for file in part]) == _names(*parts)


def test_tags_that_separate_in_different_ways_separate_nothing() -> None:
    phases = [("1", "a"), ("2", "b"), ("1", "b"), ("2", "a")]
    files = [
        _file(z, phase=(*phase, "", "", ""), name=str(i)) for z in (0.0, 2.0) for i, phase in enumerate(phases[:2])
    ]
    files += [
        _file(z, phase=(*phase, "", "", ""), name=str(i)) for z in (4.0, 6.0) for i, phase in enumerate(phases[2:])
    ]
    assert split_series(files) is None
    assert is_mixed(files)


def test_phases_of_other_sizes_and_places_are_images() -> None:
    one, other = _stack("1", count=5), _stack("2", count=9, first=2.5, step=1.25, rows=16)
    assert _parts(one + other) == _names(one, other)


def test_a_phase_with_a_gap_is_not_separated() -> None:
    one, other = _stack("1"), _stack("2")
    del other[2]
    assert split_series(one + other) is None


def test_a_slice_that_stands_twice_is_no_phase() -> None:
    files = [*_stack(), _file(5.0, name="again")]
    assert split_series(files) is None
    assert not is_mixed(files)
    assert [[file.path.name for file in place] for place in repeated(files)] == [["5.0", "again5.0"]]


def test_two_stacks_that_nothing_tells_apart_are_mixed() -> None:
    files = _stack() + [_file(2.5 * k, name="other") for k in range(5)]
    assert split_series(files) is None
    assert is_mixed(files)


@pytest.mark.parametrize("orientation", [(), (0.0,) * 6])
def test_files_without_a_place_are_left_to_the_reader(orientation: tuple[float, ...]) -> None:
    files = [_file(0.0, orientation=orientation, name=str(k)) for k in range(3)]
    assert split_series(files) == [files]


def test_each_xray_is_an_image() -> None:
    files = [_file(0.0, orientation=(), modality="DX", name=str(k)) for k in range(2)]
    assert split_series(files) == [[files[0]], [files[1]]]


def test_localizers_are_set_aside_by_name_or_plane() -> None:
    stack, named = _stack(), _file(99.0, kind="localizer")
    across = [_file(float(k), orientation=SAGITTAL, name="scout") for k in range(2)]
    assert set_aside([named, *across, *stack]) == (stack, [named, *across])
    assert set_aside([named]) == ([], [named])


@pytest.mark.parametrize("count", [2, 5])
def test_planes_that_may_both_be_meant_stay_together(count: int) -> None:
    """No majority, or what is left behind has a gap: the reader tells what is wrong."""
    stack = _stack(count=5)
    across = [_file(float(k), orientation=SAGITTAL, name="other") for k in range(count)]
    if count == 2:
        del stack[2]
    assert set_aside(stack + across) == (stack + across, [])


def test_a_gap_is_told_from_a_missing_end() -> None:
    files = _stack(count=6)
    assert is_gapless(files[:-1])
    assert is_gapless(files[:1])
    assert not is_gapless(files[:2] + files[3:])


def test_one_odd_step_leaves_no_gap_and_a_missing_slice_does() -> None:
    places = [0.0, 3.27, 6.54, 9.73, 13.0, 16.27]
    assert is_gapless([_file(z) for z in places])
    assert not is_gapless([_file(z) for z in places if z != 6.54])
    assert not is_gapless([_file(z) for z in [*places, 20.4]])
