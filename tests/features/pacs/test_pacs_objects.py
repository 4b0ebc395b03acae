"""What goes back to a PACS: a segmentation that reads as the mask it was made from, and a report with IBSI's codes."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from features.core.quarantine import Rejected
from features.core.region import Region
from features.images.dicom.series import read_dicom_series
from features.images.masks.seg import read_seg_mask
from features.pacs.report import Feature, make_report
from features.pacs.segmentation import make_segmentation, read_sources
from features.pacs.send import encode, send
from features.pacs.server import PacsError, Server
from tests.features.pacs.conftest import FakePacs
from tests.support.scans import save_series

pytestmark = pytest.mark.slow  # highdicom takes a while to import
TILTED = (0.8, 0.6, 0, -0.6, 0.8, 0)
FEATURES = [
    Feature("shape_MeshVolume", 1234.5, "", "RNU0", "original", "ct", "radweave; 1"),
    Feature("firstorder_Mean", -12.0, "as image", "Q4LE", "wavelet_LLH", "ct", "radweave; 1"),
    Feature("glcm_MCC", 0.5, "", "", "original", "ct", "radweave; 1"),
    Feature("volume_ml", 2.5, "ml", "", "", "", "region"),
    Feature("glcm_Correlation", float("nan"), "", "NI2N", "original", "ct", "radweave; 1"),
]


def _export(paths: list[Path], region: Region, features: list[Feature]) -> tuple[bytes, bytes]:
    sources = read_sources(paths)
    seg = make_segmentation(region, sources, label="GTV.*", description="radweave ROI", basis=["a", "b"])
    report = make_report(seg, sources, features, modality="CT", unit="HU", description="radweave features")
    return encode(seg), encode(report)


@pytest.fixture
def region(tmp_path: Path) -> tuple[list[Path], Region]:
    paths, _ = save_series(tmp_path / "ct", orientation=TILTED, spacing=(1.0, 1.5, 2.5))
    volume = read_dicom_series(paths)
    mask = np.zeros(volume.array.shape, np.bool_)
    mask[2:6, 3:9, 4:7] = mask[6, 5, 5] = True
    return paths[::-1], Region(volume, mask)


def test_a_segmentation_says_which_program_made_the_roi(region: tuple[list[Path], Region]) -> None:
    paths, own = region
    told = {"label": "GTV", "description": "radweave ROI", "basis": ["a"]}
    for made, by, said in (("given", "", "MANUAL"), ("semiautomatic", "percent_of_max", "SEMIAUTOMATIC")):
        (segment,) = make_segmentation(own, read_sources(paths), **told, made=made, by=by).SegmentSequence
        assert segment.SegmentAlgorithmType == said
        names = [one.AlgorithmName for one in segment.get("SegmentationAlgorithmIdentificationSequence", [])]
        assert names == [by] * bool(by)


def test_a_segmentation_reads_as_the_mask_it_was_made_from(region: tuple[list[Path], Region], tmp_path: Path) -> None:
    paths, own = region
    seg, report = _export(paths, own, FEATURES)
    (tmp_path / "seg.dcm").write_bytes(seg)
    np.testing.assert_array_equal(read_seg_mask(tmp_path / "seg.dcm", own.volume, "GTV.*")[0], own.mask)
    found, source = dcmread(io.BytesIO(seg)), dcmread(paths[0])
    for keyword in ("PatientID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert found[keyword].value == source[keyword].value
    (series,) = found.ReferencedSeriesSequence
    assert series.SeriesInstanceUID == source.SeriesInstanceUID
    referenced = {str(item.ReferencedSOPInstanceUID) for item in series.ReferencedInstanceSequence}
    assert referenced <= {str(dcmread(path).SOPInstanceUID) for path in paths} and len(referenced) >= 5
    assert (found.SeriesDescription, found.NumberOfFrames) == ("radweave ROI", 5)
    _check_report(dcmread(io.BytesIO(report)), found)
    assert _uids(_export(paths, own, FEATURES)) == _uids((seg, report)), "equal contents, equal UIDs"
    assert _uids(_export(paths, own, FEATURES[:1]))[1] != _uids((seg, report))[1]


def _uids(files: tuple[bytes, bytes]) -> list[str]:
    return [str(dcmread(io.BytesIO(data)).SOPInstanceUID) for data in files]


def _check_report(report: Dataset, seg: Dataset) -> None:
    assert report.ContentTemplateSequence[0].TemplateIdentifier == "1500"
    numbers, references = [], []

    def walk(items: Any) -> None:
        for item in items:
            if item.ValueType == "NUM":
                name, value = item.ConceptNameCodeSequence[0], item.MeasuredValueSequence[0]
                unit = value.MeasurementUnitsCodeSequence[0].CodeValue
                methods = [one.ConceptCodeSequence[0].CodeValue for one in item.get("ContentSequence", [])]
                code = name.get("CodeValue") or name.get("LongCodeValue")
                numbers.append((name.CodingSchemeDesignator, code, float(value.NumericValue), unit, methods))
            if item.ValueType == "IMAGE":
                references.append(str(item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID))
            walk(item.get("ContentSequence", []))

    walk(report.ContentSequence)
    assert sorted(numbers) == [
        ("99RADWEAVE", "glcm_MCC", 0.5, "1", []),
        ("99RADWEAVE", "volume_ml", 2.5, "mL", []),
        ("IBSI", "Q4LE", -12.0, "[hnsf'U]", ["wavelet_LLH"]),
        ("IBSI", "RNU0", 1234.5, "1", []),
    ]
    assert set(references) == {str(seg.SOPInstanceUID)}


def test_a_report_of_nothing_is_refused(region: tuple[list[Path], Region]) -> None:
    with pytest.raises(Rejected, match="UNDEFINED"):
        _export(*region, FEATURES[-1:])


def test_what_a_pacs_does_not_take_is_told(
    region: tuple[list[Path], Region], server: Callable[..., Server], pacs: FakePacs
) -> None:
    pacs.faults = [lambda _: b"{}"]  # 200, and no word of what was stored
    with pytest.raises(PacsError, match=r"^the PACS does not take 2 of 2 files$"):
        send(server(), _export(*region, FEATURES))
