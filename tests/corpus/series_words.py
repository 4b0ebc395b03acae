"""Cases whose DICOM series become images by words, or are calculated: change what is in memory, then write it."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydicom.dataset import Dataset

from tests.corpus.study import Study, body, encode, roi_contours, rtstruct_of, series_of, uid

B_VALUES = (0, 500, 1000)
SHORT_MS, LONG_MS = 2.5, 90.0
WORDS: dict[str, Any] = {"t1": {"EchoTime": [None, 30]}, "t2": {"EchoTime": [30, None]}}


def diffusion_study(patient: str, seed: int = 0) -> Study:
    """One series of three b-values at the same places, whose signals fall by an ADC of about 1000e-6 mm²/s, with contours."""
    adc = np.maximum(body(seed).astype(float) + 1000, 50)
    images: list[Dataset] = []
    for n, b_value in enumerate(B_VALUES):
        signal = np.rint(8000 * np.exp(-b_value * adc * 1e-6)).astype(np.int16)
        for k, ds in enumerate(series_of(patient, signal, modality="MR", intercept=0)):
            ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = uid(patient, "image", n, k)
            ds.EchoTime, ds.DiffusionBValue = 70, b_value
            images.append(ds)
    return Study(patient, list(images), rtstruct_of(images, [("GTV-1", roi_contours())]))


def echoes_study(patient: str, seed: int = 0) -> Study:
    """Two series, of a short and of a long echo time, each with contours of its own."""
    study = Study(patient, [], None)
    for name, echo_ms in (("image", SHORT_MS), ("long", LONG_MS)):
        series = series_of(patient, body(seed) + 1100, modality="MR", intercept=0, name=name)
        for ds in series:
            ds.EchoTime = echo_ms
        study.images += series
        mask = rtstruct_of(series, [("GTV-1", roi_contours())])
        mask.SOPInstanceUID = mask.file_meta.MediaStorageSOPInstanceUID = uid(patient, "struct", name)
        study.others[f"{name}-struct.dcm"] = encode(mask)
    return study
