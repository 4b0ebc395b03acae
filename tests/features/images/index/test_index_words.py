"""index_cohort on DICOM with words: which series becomes which image, and what is said where that is not clear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from features.images.calculations.adc import Adc
from features.images.index.file_cache import FileCache
from features.images.index.index_cohort import Index, index_cohort
from features.images.reading import Reading
from tests.support.enhanced import enhanced, item
from tests.support.scans import image_series, rtstruct_of, save_datasets, square

KEY = b"k" * 32
ROIS = {"tumour": "GTV.*", "liver": "Liver"}
MASK = {"format": "rtstruct", "rois": ROIS}
RNG = np.random.default_rng(0)
Edit = Callable[[Dataset], object]


def _source(**changes: Any) -> dict[str, Any]:
    basis = {"format": "dicom", "centre": "A", "modality": "MR", "unit": "arbitrary", "path": "mr", "mask": MASK}
    return {**basis, **changes}


@pytest.fixture
def add(tmp_path: Path) -> Callable[..., list[Dataset]]:
    """A series of the patient's own frame of reference, its datasets edited one by one."""
    frames: dict[str, str] = {}
    count = iter(range(100))

    def build(patient: str, edit: Edit = bool, *, values: Any = None, modality: str = "MR", **knobs: Any) -> Any:
        values = RNG.integers(100, 900, (4, 16, 16)) if values is None else values
        series = image_series(values, modality=modality, patient=patient, intercept=0, **knobs)
        for ds in series:
            ds.FrameOfReferenceUID = frames.setdefault(patient, ds.FrameOfReferenceUID)
            edit(ds)
        save_datasets(series, tmp_path / "data" / "mr" / patient, f"s{next(count)}-")
        return series

    return build


@pytest.fixture
def draw(tmp_path: Path) -> Callable[..., None]:
    """Contours on a series: ROI → side of a square in mm."""

    def build(series: list[Dataset], **rois: float) -> None:
        drawn = [
            (name, [square(-7, -7, -7 + side, -7 + side, float(k)) for k in (0, 2.5, 5)]) for name, side in rois.items()
        ]
        folder = tmp_path / "data" / "mr" / str(series[0].PatientID)
        save_datasets([rtstruct_of(series, drawn)], folder, f"struct-{series[0].SeriesInstanceUID[-6:]}")

    return build


@pytest.fixture
def index(catalog: Callable) -> Callable[..., Index]:
    def build(*sources: dict[str, Any], cache: FileCache | None = None) -> Index:
        cache = cache or FileCache(None, KEY)
        found = index_cohort(catalog(*sources), "demo", KEY, cache=cache)
        again = index_cohort(catalog(*sources), "demo", KEY, cache=cache)
        assert (again.scans, again.quarantined, again.files) == (found.scans, found.quarantined, found.files)
        for secret in ("P1", "P2", "Secret", "1.2.826", ".dcm", "data/", "Gadovist"):
            assert secret not in repr((found.quarantined, found.warned))
        return found

    return build


def _told(index: Index) -> list[tuple[str, str, str]]:
    return [(row.code, row.image, row.roi) for row in index.quarantined]


def _words(index: Index) -> list[tuple[str, str, int]]:
    return sorted((scan.image_name, scan.roi_name, len(scan.image.paths)) for scan in index.scans)


def _plain(ds: Dataset) -> None:
    ds.EchoTime, ds.SeriesDescription = 2.5, "T1 tra"


def _contrast(ds: Dataset) -> None:
    ds.EchoTime, ds.SeriesDescription, ds.ContrastBolusAgent = 2.5, "T1 tra", "Gadovist"


def _flair(ds: Dataset) -> None:
    ds.EchoTime, ds.SeriesDescription = 120, "tirm tra"


WORDS = {
    "t1": {"EchoTime": [None, 30], "ContrastBolusAgent": "absent"},
    "t1c": {"EchoTime": [None, 30], "ContrastBolusAgent": "present"},
    "flair": {"EchoTime": [80, None]},
}
OF_T1C = {"mask": {"format": "of", "image": "t1c"}}


def test_series_find_their_words_by_echo_and_contrast_agent_and_share_the_rois_of_one(
    add: Callable, draw: Callable, index: Callable
) -> None:
    add("P1", _plain)
    draw(add("P1", _contrast), **{"GTV 1": 9, "liver": 6})
    add("P1", _flair)
    others = {word: WORDS[word] for word in ("t1", "flair")}
    found = index(_source(image="t1c", select=WORDS["t1c"]), _source(image=others, **OF_T1C))
    assert _told(found) == []
    assert _words(found) == [(word, roi, 4) for word in ("flair", "t1", "t1c") for roi in ("liver", "tumour")]
    assert found.files == {"used": 13, "merged": 0, "quarantined": 0}


def test_a_second_rule_reads_headers_again_and_an_equal_one_does_not(
    add: Callable, draw: Callable, index: Callable
) -> None:
    draw(add("P1", _contrast), **{"GTV 1": 9, "liver": 6})
    cache = FileCache(None, KEY)
    assert len(index(_source(image="t1c", select={"EchoTime": 2.5}), cache=cache).scans) == 2
    assert index(_source(image="t1c", select={"EchoTime": [3, None]}), cache=cache).scans == ()
    assert len(index(_source(image="t1c", select={"EchoTime": [2.5, None]}), cache=cache).scans) == 2


def test_two_series_for_one_word_are_told_apart_by_facts_that_name_nobody(
    add: Callable, draw: Callable, index: Callable
) -> None:
    draw(add("P1", _plain), **{"GTV 1": 9, "liver": 6})
    draw(add("P1", _contrast), **{"GTV 1": 9, "liver": 6})
    found = index(_source(image="t1", select={"SeriesDescription": "t1.*"}))
    assert _told(found) == [("SERIES_AMBIGUOUS", "t1", "liver"), ("SERIES_AMBIGUOUS", "t1", "tumour")]
    message = found.quarantined[0].message
    assert message.startswith('2 series could be the image "t1", and masks do not name one of them alone: ')
    facts = [f"echo time 2.5 ms, {agent} contrast agent, ORIGINAL/PRIMARY/AXIAL; " for agent in ("no", "with")]
    assert f"{''.join(facts)}choose one by `select` or `ignore`" in message
    assert found.files == {"used": 0, "merged": 0, "quarantined": 10}


def test_a_series_that_two_words_take_is_none_of_theirs(add: Callable, draw: Callable, index: Callable) -> None:
    draw(add("P1", _contrast), **{"GTV 1": 9, "liver": 6})
    mask = {"format": "rtstruct", "rois": {"tumour": "GTV.*"}}
    found = index(_source(image={"t1": {"EchoTime": 2.5}, "t1c": {"ContrastBolusAgent": "present"}}, mask=mask))
    assert _told(found) == [("SERIES_SHARED", "t1", "tumour"), ("SERIES_SHARED", "t1c", "tumour")]
    assert found.quarantined[0].message == (
        "one image series is taken by several words of the catalog: t1, t1c; it has echo time 2.5 ms, with contrast agent, "
        "ORIGINAL/PRIMARY/AXIAL"
    )
    assert found.files == {"used": 0, "merged": 0, "quarantined": 5}


def test_images_that_a_case_or_a_cohort_lacks_are_told_by_word(add: Callable, draw: Callable, index: Callable) -> None:
    for patient in ("P1", "P2"):
        draw(add(patient, _contrast), **{"GTV 1": 9, "liver": 6})
    add("P1", _flair)
    pd = {"SeriesDescription": "pd.*"}
    found = index(
        _source(image="t1c", select=WORDS["t1c"]), _source(image={"flair": WORDS["flair"], "pd": pd}, **OF_T1C)
    )
    warned = [(row.code, row.image, row.case != "demo:unknown") for row in found.warned]
    assert sorted(warned) == [
        ("IMAGE_ABSENT", "flair", True),
        *[("IMAGE_ABSENT", "pd", True)] * 2,
        ("SOURCE_UNMATCHED", "pd", False),
    ]
    assert 'lies in "mr" for the image "pd"; not DICOM: 0 of 14 files' in found.warned[-1].message


def test_a_series_of_a_modality_that_nobody_declares_is_no_image_of_a_word(
    add: Callable, draw: Callable, index: Callable
) -> None:
    draw(add("P1", _contrast), **{"GTV 1": 9, "liver": 6})
    add("P1", modality="PT")
    found = index(_source(image="t1c", select=WORDS["t1c"]))
    assert [(code, image) for code, image, _ in _told(found)] == [("DICOM_MODALITY", "PT")]


def _at_b(*values: float) -> Edit:
    told = iter(value for value in values for _ in range(4))

    def edit(ds: Dataset) -> None:
        ds.EchoTime, ds.DiffusionBValue = 70, next(told)

    return edit


def _stacked(*volumes: np.ndarray) -> np.ndarray:
    return np.concatenate(volumes)


def _diffusion(add: Callable, patient: str, *b_values: float) -> list[Dataset]:
    """One series of several b-values at the same places."""
    adc, s0 = 1000.0, 800.0
    volumes = [np.full((4, 16, 16), np.rint(s0 * np.exp(-b * adc * 1e-6))) for b in b_values]
    edit = _at_b(*b_values)

    def place(ds: Dataset) -> None:
        ds.ImagePositionPatient = [-8, -8, 2.5 * ((ds.InstanceNumber - 1) % 4)]
        edit(ds)

    found: list[Dataset] = add(patient, place, values=_stacked(*volumes))
    return found


DWI = {"select": {"EchoTime": 70}}
ADC = _source(image="adc", unit="um2/s", calculate={"kind": "adc"}, **DWI, **OF_T1C)
T1C = _source(image="t1c", select=WORDS["t1c"])


def test_an_adc_is_calculated_from_a_series_beside_the_image_of_one_of_its_b_values(
    add: Callable, draw: Callable, index: Callable
) -> None:
    draw(add("P1", _contrast), **{"GTV 1": 9, "liver": 6})
    _diffusion(add, "P1", 0, 500, 1000)
    high = _source(image="dwi", select={**DWI["select"], "DiffusionBValue": [900, None]}, **OF_T1C)
    found = index(T1C, ADC, high)
    assert _told(found) == []
    assert _words(found) == [
        (word, roi, files) for word, files in (("adc", 12), ("dwi", 4), ("t1c", 4)) for roi in ("liver", "tumour")
    ]
    scan = next(scan for scan in found.scans if scan.image_name == "adc")
    assert isinstance(scan.calculation, Adc)
    np.testing.assert_allclose(Reading().image(scan).array, 1000, rtol=0.01)


def test_an_adc_takes_its_b_values_from_several_series_but_not_from_two_that_have_all(
    add: Callable, draw: Callable, index: Callable
) -> None:
    for patient in ("P1", "P2"):
        draw(add(patient, _contrast), **{"GTV 1": 9, "liver": 6})
    _diffusion(add, "P1", 0)
    _diffusion(add, "P1", 1000)
    _diffusion(add, "P2", 0, 1000)
    _diffusion(add, "P2", 0, 800)
    found = index(T1C, ADC)
    assert [len(scan.image.paths) for scan in found.scans if scan.image_name == "adc"] == [8, 8]
    assert _told(found) == [("SERIES_AMBIGUOUS", "adc", "")]  # no ROI is named: those of t1c are meant
    message = found.quarantined[0].message
    assert message.startswith('the image "adc" could be calculated from each of 2 series: echo time 70 ms, b-value 0, ')


@pytest.mark.parametrize(
    ("group", "creator", "element", "vr", "value"),
    [
        (0x0019, "SIEMENS MR HEADER", 0x0C, "IS", "1000"),
        (0x0043, "GEMS_PARM_01", 0x39, "IS", ["1000001000", "8", "0", "0"]),
        (0x2001, "Philips Imaging DD 001", 0x03, "FL", 1000.0),
        (0x0019, "SIEMENS MR HEADER", 0x0C, "UN", b"1000"),
    ],
    ids=["siemens", "ge", "philips", "unknown type"],
)
@pytest.mark.parametrize("is_long", [False, True], ids=["short", "long"])
def test_b_values_are_selected_where_scanners_write_them(
    add: Callable,
    draw: Callable,
    index: Callable,
    group: int,
    creator: str,
    element: int,
    vr: str,
    value: Any,
    is_long: bool,
) -> None:
    def private(ds: Dataset) -> None:
        block = ds.private_block(group, creator, create=True)
        block.add_new(element, vr, value)
        if is_long:  # as protocols and calibrations in front of the geometry
            ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x20, "OB", b"\0" * 70_000)

    draw(add("P1", private), **{"GTV 1": 9, "liver": 6})
    add("P1", _plain)
    source = _source(image="dwi", select={"DiffusionBValue": 1000})
    assert _words(index(source)) == [("dwi", "liver", 4), ("dwi", "tumour", 4)]
    assert index(_source(image="dwi", select={"DiffusionBValue": [1001, None]})).scans == ()


@pytest.mark.parametrize("shared", [True, False])
def test_enhanced_files_find_their_words_by_what_their_frames_tell(
    tmp_path: Path, catalog: Callable, shared: bool
) -> None:
    for n, (echo, b_value) in enumerate([(80, 1000), (80, 0), (2, 0)]):
        ds = enhanced(image_series(RNG.integers(100, 900, (4, 16, 16)), modality="MR", patient="P1", intercept=0))
        places = ds.SharedFunctionalGroupsSequence if shared else ds.PerFrameFunctionalGroupsSequence
        for groups in places:
            groups.MREchoSequence = item(EffectiveEchoTime=echo)
            told = {"DiffusionBValue": b_value} if b_value else {"DiffusionDirectionality": "NONE"}
            groups.MRDiffusionSequence = item(**told)
        if echo == 2:
            ds.ContrastBolusAgentSequence = item(CodeValue="1", CodeMeaning="Gadobutrol")
        save_datasets([ds], tmp_path / "data" / "mr", f"e{n}-")
    words = {
        "high": {"EchoTime": [60, None], "DiffusionBValue": 1000},
        "low": {"EchoTime": [60, None], "DiffusionBValue": 0},
        "t1c": {"EchoTime": [None, 30], "ContrastBolusAgent": "present"},
    }
    source = _source(image=words, mask={"format": "whole"})
    found = index_cohort(catalog(source), "demo", KEY)
    assert _told(found) == []
    assert [scan.image_name for scan in found.scans] == ["high", "low", "t1c"]


def test_a_withdrawn_patient_counts_as_many_scans_as_before(
    add: Callable, draw: Callable, index: Callable, catalog: Callable
) -> None:
    draw(add("P1", _contrast), **{"GTV 1": 9, "liver": 6})
    add("P1", _flair)
    sources = _source(image="t1c", select=WORDS["t1c"]), _source(image={"flair": WORDS["flair"]}, **OF_T1C)
    before = index(*sources)
    assert len(before.scans) == 4
    patient = f"demo:{before.scans[0].case.patient}"
    found = index_cohort(catalog(*sources), "demo", KEY, withdrawn=frozenset({patient}))
    assert (found.scans, found.quarantined, found.withdrawn) == ((), (), 4)


def test_a_pet_takes_the_rois_of_its_ct_if_both_are_in_one_frame_of_reference(
    add: Callable, draw: Callable, index: Callable
) -> None:
    ct = _source(modality="CT", unit="HU", image="ct")
    pet = _source(
        modality="PT", unit="arbitrary", image="pet", mask={"format": "of", "image": "ct", "rois": ["tumour"]}
    )
    for patient in ("P1", "P2"):
        draw(add(patient, modality="CT"), **{"GTV 1": 9, "liver": 6})
    add("P1", modality="PT")
    add("P2", lambda ds: setattr(ds, "FrameOfReferenceUID", "1.2.3"), modality="PT")
    found = index(ct, pet)
    assert _told(found) == [("FRAME_OF_REFERENCE", "pet", "tumour")]
    assert found.quarantined[0].message == (
        'image and mask have different frames of reference: its ROIs were drawn on the image "ct"; allowed: one frame of '
        "reference, or registration: {to: ct, kind: rigid}"
    )
    assert [scan.drawn_on.image_name for scan in found.scans if scan.image_name == "pet"] == ["CT"]
    registered = index(ct, {**pet, "registration": {"to": "ct", "kind": "rigid"}})
    assert _told(registered) == []


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The modality of every DICOM file that is parsed from now on."""
    from features.images.dicom import dataset

    found: list[str] = []
    parse = dataset.dcmread

    def note(source: Any, **settings: Any) -> Any:
        ds = parse(source, **settings)
        found.append(str(ds.get("Modality")))
        return ds

    monkeypatch.setattr(dataset, "dcmread", note)
    return found


def test_a_structure_set_is_parsed_once_for_all_its_rois(
    add: Callable, draw: Callable, index: Callable, parsed: list[str]
) -> None:
    draw(add("P1", _contrast), **{"GTV 1": 9, "liver": 6})
    found = index(T1C)
    parsed.clear()
    reading = Reading()
    sizes = {scan.roi_name: int(reading.mask(scan, reading.image(scan))[0].sum()) for scan in found.scans}
    assert sizes["tumour"] > sizes["liver"] > 0
    assert sorted(parsed) == ["MR"] * 4 + ["RTSTRUCT"]


def test_images_that_are_calculated_from_one_series_share_its_slices(
    add: Callable, index: Callable, parsed: list[str]
) -> None:
    def place(ds: Dataset) -> None:
        ds.ImagePositionPatient = [-8, -8, 2.5 * ((ds.InstanceNumber - 1) % 4)]
        ds.TemporalPositionIdentifier = (ds.InstanceNumber - 1) // 4

    add("P1", place, values=np.repeat([10, 30, 20], 4)[:, None, None] * np.ones((12, 16, 16)))
    kinds = {"early": {"kind": "phase", "number": 1}, "wash": {"kind": "subtraction", "of": {"number": 2}}}
    found = index(*(_source(image=word, calculate=kind, mask="whole") for word, kind in kinds.items()))
    assert _told(found) == []
    parsed.clear()
    reading = Reading()
    assert [reading.image(scan).array.mean() for scan in found.scans] == [30, 10]
    assert parsed == ["MR"] * 12


def test_a_roi_that_may_be_absent_costs_the_others_nothing(add: Callable, draw: Callable, index: Callable) -> None:
    draw(add("P1", _contrast), **{"GTV 1": 9})
    found = index(_source(image="t1c", mask={**MASK, "absent": "ignore"}))
    assert _told(found) == []
    assert [(scan.roi_name, scan.rule.absent) for scan in found.scans] == [("liver", "ignore"), ("tumour", "ignore")]
