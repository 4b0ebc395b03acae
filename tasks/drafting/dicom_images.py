"""draft_dicom: image sources of DICOM files, from their headers and from what radweave's own index makes of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, get_args

from features.core.case import Modality, Unit
from tasks.drafting.commented import Noted
from tasks.drafting.dicom_headers import Headers, Mask, MaskFormat, Series
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.rois import choose_roi
from tasks.drafting.source import CENTRE, SourceDraft
from tasks.drafting.timepoints import name_timepoints
from tasks.drafting.voxels import middle_spacing

UNITS: dict[Modality, Unit] = {"CT": "HU", "PT": "SUV", "MR": "arbitrary", "CR": "arbitrary", "DX": "arbitrary"}
MODALITIES: tuple[Modality, ...] = get_args(Modality)
TIMEPOINT_TAGS = ("ClinicalTrialTimePointID", "ClinicalTrialTimePointDescription")
MOST_TIMEPOINTS = 12
_LIKE_A_DATE = re.compile(r"\d{6}|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
FORMATS: tuple[MaskFormat, ...] = ("rtstruct", "seg")
NAMES = {"rtstruct": "structure set", "seg": "segmentation"}
Trial = Callable[[dict[str, Any]], Counter[str]]  # values of a source → scans ("") and refusals by code


class DicomDraft:
    """What the DICOM files of a folder become: sources, and what was left out, in sentences.

    timepoints: values of a DICOM attribute → time points of the catalog, if patients were scanned several times.
    """

    def __init__(self, headers: Headers, trial: Trial, folders: Mapping[str, Collection[str]]) -> None:
        """trial: tries a source. folders: of the centres, each with the ids of its patients; empty if there is one centre."""
        self._ids, self._trial = headers.ids, trial
        self.sources: list[SourceDraft] = []
        self.left: list[str] = []
        self.timepoints: dict[str, str] = {}
        self._tag = ""
        self._find_timepoints([one for one in headers.series if one.modality in MODALITIES])
        for modality, count in sorted(headers.modalities.items()):
            if modality not in MODALITIES:
                kind = modality or "an unknown modality"
                self.left.append(
                    f"{several(count, 'series', 'series')} of {kind} left out: read are {', '.join(MODALITIES)}"
                )
        if headers.not_read:
            self.left.append(f"{several(headers.not_read, 'DICOM file')} left out: damaged, or without a PatientID")
        without: dict[Modality, list[Series]] = {}
        for folder, patients in folders.items() or [(".", set(headers.ids.values()))]:
            series = [one for one in headers.series if headers.ids.get(one.patient) in patients]
            masks = [one for one in headers.masks if headers.ids.get(one.patient) in patients]
            for modality in MODALITIES:
                own = [one for one in series if one.modality == modality]
                if own and not self._draft(folder, modality, own, masks):
                    without[modality] = own
        if without and self.sources:
            self.left.append(f"{', '.join(without)} left out: no structure set or segmentation belongs to its series")
        for modality, series in without.items() if not self.sources else ():
            remark = _no_mask(bool(headers.masks))
            self._add(modality, series, self._values(".", modality, "rtstruct", "GTV.*"), [remark], Counter())

    def _draft(self, folder: str, modality: Modality, series: Sequence[Series], masks: Sequence[Mask]) -> bool:
        """Add the source of a modality with the masks that most of its cases have; False if none has any."""
        formats = [one for one in FORMATS if any(mask.format == one for mask in masks)]
        rois = {one: choose_roi([mask for mask in masks if mask.format == one]) for one in formats}
        values = {one: self._values(folder, modality, one, rois[one].pattern) for one in formats}
        tried = {one: self._trial(values[one]) for one in formats}
        best = max(formats, key=lambda one: tried[one][""], default=None)
        if best is None or not tried[best][""] + tried[best]["SERIES_AMBIGUOUS"] + tried[best]["MASK_AMBIGUOUS"]:
            return False
        others = [one for one in formats if one != best and tried[one][""]]
        remarks = [*rois[best].remarks, *(_beside(one, tried[one][""]) for one in others)]
        self._add(modality, series, values[best], remarks, tried[best])
        return True

    def _values(self, folder: str, modality: Modality, format_: MaskFormat, roi: str) -> dict[str, Any]:
        values: dict[str, Any] = {"format": "dicom", "centre": CENTRE, "modality": modality, "unit": UNITS[modality]}
        values |= {"path": folder, "mask": {"format": format_, "roi": roi}}
        return values | ({"timepoint": {"tag": self._tag, "codes": self.timepoints}} if self._tag else {})

    def _add(
        self,
        modality: Modality,
        series: Sequence[Series],
        values: dict[str, Any],
        remarks: Sequence[Remark],
        found: Counter[str],
    ) -> None:
        values["unit"] = Noted(UNITS[modality], tuple(_unit_remarks(modality, series)))
        about = _several_series(modality, series, found)
        values["path"] = Noted(values["path"], tuple(about)) if about else values["path"]
        values["mask"] = Noted(values["mask"], tuple(remarks))
        if self._tag:
            text = f"{self._tag} tells them apart in every patient"
            values["timepoint"] = Noted(values["timepoint"], (guess("time points", text),))
        spacings = [one.spacing_mm for one in series if all(one.spacing_mm)] or [one.spacing_mm for one in series]
        places: dict[str, set[str]] = defaultdict(set)
        for one in series:
            places[self._ids.get(one.patient, "")].add(one.name)
        shown = f"DICOM with {NAMES[values['mask'].value['format']]}s"
        middle = middle_spacing(spacings)
        draft = SourceDraft(values, modality, UNITS[modality], middle, len(spacings), len(series), places, shown)
        self.sources.append(draft)

    def _find_timepoints(self, series: Sequence[Series]) -> None:
        """Take the first attribute whose values two patients share, and tell the studies of each patient apart."""
        studies: dict[str, set[str]] = defaultdict(set)
        for one in series:
            studies[one.patient].add(one.facts.get("StudyInstanceUID", ""))
        if max(map(len, studies.values()), default=0) < 2:
            return
        for tag in TIMEPOINT_TAGS:
            owners: dict[str, set[str]] = defaultdict(set)
            pairs = {(one.patient, one.facts.get("StudyInstanceUID", ""), one.facts.get(tag, "")) for one in series}
            for patient, _, value in pairs:
                owners[value].add(patient)
            apart = len({(patient, value) for patient, _, value in pairs}) == len(pairs)
            shared = all(
                value and len(patients) > 1 and not _LIKE_A_DATE.search(value) for value, patients in owners.items()
            )
            if apart and shared and 1 < len(owners) <= MOST_TIMEPOINTS:
                self._tag, self.timepoints = tag, name_timepoints(owners)
                return


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
