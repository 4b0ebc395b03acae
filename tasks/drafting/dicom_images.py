"""draft_dicom: image sources of DICOM files, from their headers and from what radweave's own index makes of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, get_args

from features.core.case import Modality, Unit
from features.core.region import Vector
from tasks.drafting.commented import Noted
from tasks.drafting.dicom_headers import Headers, MaskFormat, Series
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.rois import choose_roi
from tasks.drafting.source import CENTRE, SourceDraft
from tasks.drafting.voxels import middle_spacing

UNITS: dict[Modality, Unit] = {"CT": "HU", "PT": "SUV", "MR": "arbitrary", "CR": "arbitrary", "DX": "arbitrary"}
FORMATS: tuple[MaskFormat, ...] = ("rtstruct", "seg")
NAMES = {"rtstruct": "structure set", "seg": "segmentation"}
Trial = Callable[[dict[str, Any]], Counter[str]]  # values of a source → scans ("") and refusals by code


class DicomDraft:
    """What the DICOM files of a folder become: sources, and what was left out, in sentences."""

    def __init__(self, headers: Headers, trial: Trial) -> None:
        self.headers = headers
        self.sources: list[SourceDraft] = []
        self.left: list[str] = []
        readable: tuple[Modality, ...] = get_args(Modality)
        for modality, count in sorted(headers.modalities.items()):
            if modality not in readable:
                kind = modality or "an unknown modality"
                self.left.append(
                    f"{several(count, 'series', 'series')} of {kind} left out: read are {', '.join(readable)}"
                )
        formats = [one for one in FORMATS if any(mask.format == one for mask in headers.masks)]
        rois = {one: choose_roi([mask for mask in headers.masks if mask.format == one]) for one in formats}
        without: list[Modality] = []
        for modality in readable:
            series = [one for one in headers.series if one.modality == modality]
            if not series:
                continue
            tried: dict[MaskFormat, Counter[str]] = {}
            for one in formats:
                tried[one] = trial(_values(modality, one, rois[one].pattern))
            best = max(formats, key=lambda one: tried[one][""], default=None)
            if best is None or not tried[best][""] + tried[best]["SERIES_AMBIGUOUS"] + tried[best]["MASK_AMBIGUOUS"]:
                without.append(modality)
                continue
            others = [one for one in formats if one != best and tried[one][""]]
            remarks = list(rois[best].remarks)
            remarks += [_beside(one, tried[one][""]) for one in others]
            self._add(modality, series, _values(modality, best, rois[best].pattern), remarks, tried[best])
        if without and self.sources:
            self.left.append(f"{', '.join(without)} left out: no structure set or segmentation belongs to its series")
        if without and not self.sources:
            for modality in without:
                series = [one for one in headers.series if one.modality == modality]
                self._add(
                    modality, series, _values(modality, "rtstruct", "GTV.*"), [_no_mask(bool(formats))], Counter()
                )

    def _add(
        self,
        modality: Modality,
        series: Sequence[Series],
        values: dict[str, Any],
        remarks: list[Remark],
        found: Counter[str],
    ) -> None:
        values["unit"] = Noted(UNITS[modality], tuple(_unit_remarks(modality, series)))
        about = list(_several_series(modality, series, found))
        values["path"] = Noted(values["path"], tuple(about)) if about else values["path"]
        values["mask"] = Noted(values["mask"], tuple(remarks))
        spacings = [one.spacing_mm for one in series if all(one.spacing_mm)] or [one.spacing_mm for one in series]
        places: dict[str, set[str]] = defaultdict(set)
        for one in series:
            places[self.headers.ids.get(one.patient, "")].add(one.name)
        shown = f"DICOM with {NAMES[values['mask'].value['format']]}s"
        draft = SourceDraft(
            values, modality, UNITS[modality], _middle(spacings), len(spacings), len(series), places, shown
        )
        self.sources.append(draft)


def _values(modality: Modality, format_: MaskFormat, roi: str) -> dict[str, Any]:
    mask = {"format": format_, "roi": roi}
    return {
        "format": "dicom",
        "centre": CENTRE,
        "modality": modality,
        "unit": UNITS[modality],
        "path": ".",
        "mask": mask,
    }


def _middle(spacings: Sequence[Vector]) -> Vector:
    return middle_spacing(spacings)


def _beside(format_: MaskFormat, count: int) -> Remark:
    text = f"{several(count, 'case')} have a {NAMES[format_]}: take these in place of the ones below, or as another cohort?"
    return question("masks", text, f"mask: {{format: {format_}, roi: …}}")


def _no_mask(have_some: bool) -> Remark:
    what = (
        "the masks belong to none of these series" if have_some else "the folder holds no structure set or segmentation"
    )
    text = (
        f"{what}, and radweave measures inside a mask. Where are the masks? Until they are there, no scan can be used"
    )
    return question("masks", text, "mask: {format: seg, roi: TUMOUR}     # or add RTSTRUCT or SEG files to the folder")


def _unit_remarks(modality: Modality, series: Sequence[Series]) -> list[Remark]:
    if modality != "PT":
        return []
    counts = Counter(one.facts.get("Units", "") for one in series)
    known = {"BQML", "GML", "CNTS", "CM2ML"}
    told = (
        ", ".join(f"{unit} {count}" for unit, count in sorted(counts.items()) if unit in known) or "none that is known"
    )
    weighed = sum(bool(one.facts.get("PatientWeight")) for one in series)
    text = f"SUV by body weight; Units of the headers: {told}; {weighed} of {len(series)} series tell the weight"
    answers = ("unit: SUL", "unit: SUVbsa", "unit: BQML")
    return [
        guess("PET in SUV", text, *answers)
        if weighed == len(series)
        else question("unit of PET", f"{text}. Is it SUV?", *answers)
    ]


def _several_series(modality: Modality, series: Sequence[Series], found: Counter[str]) -> list[Remark]:
    """Questions where a patient has more series, or masks, than a case can have."""
    count = found["SERIES_AMBIGUOUS"] + found["MASK_AMBIGUOUS"] + found["DICOM_MIXED_PHASES"]
    if not count:
        return []
    studies: dict[str, set[str]] = defaultdict(set)
    for one in series:
        studies[one.patient].add(one.facts.get("StudyInstanceUID", ""))
    repeated = sum(len(uids) > 1 for uids in studies.values())
    text = f"in {several(count, 'case')} several {modality} series or masks fit, and a case has one; these cases are refused. "
    text += f"{several(repeated, 'patient')} have several studies: are they time points? " if repeated else ""
    text += "Which series is meant?"
    answers = ["select: {ConvolutionKernel: 'B.*'}            # a DICOM keyword, and a pattern for its value"]
    answers += ["ignore: {SeriesDescription: '.*scout.*'}"]
    if repeated:
        answers += ["timepoint: {tag: ClinicalTrialTimePointID, codes: {T0: baseline, T1: followup}}"]
    return [question(f"several {modality} series", text, *answers)]
