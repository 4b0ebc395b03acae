"""draft_dicom: image sources of DICOM files, from their headers and from what radweave's own index makes of them."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal, get_args

from features.core.case import Modality, Unit
from tasks.drafting.commented import Noted
from tasks.drafting.dicom_headers import Headers, Mask, MaskFormat, Series
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.rois import Regions, choose_rois
from tasks.drafting.series_words import Found, name_series
from tasks.drafting.source import CENTRE, SourceDraft
from tasks.drafting.timepoints import Visits, plan_visits
from tasks.drafting.voxels import middle_spacing

UNITS: dict[Modality, Unit] = {"CT": "HU", "PT": "SUV", "MR": "arbitrary", "CR": "arbitrary", "DX": "arbitrary"}
MODALITIES: tuple[Modality, ...] = get_args(Modality)
TIMEPOINT_TAGS = ("ClinicalTrialTimePointID", "ClinicalTrialTimePointDescription")
MOST_TIMEPOINTS = 12
_LIKE_A_DATE = re.compile(r"\d{6}|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
FORMATS: tuple[MaskFormat, ...] = ("rtstruct", "seg")
NAMES = {"rtstruct": "structure set", "seg": "segmentation"}
# Values of sources, and the plan of time points → scans ("") and refusals by code.
Trial = Callable[[list[dict[str, Any]], Mapping[str, Any]], Counter[str]]


@dataclass(eq=False)
class Image:
    """Series that are one image of the catalog, with the values of their source."""

    modality: Modality
    unit: Unit
    found: Found
    values: dict[str, Any]

    @property
    def word(self) -> str:
        """The word in the catalog; "" if none is needed."""
        found = self.values.get("image", "")
        return str(found.value if isinstance(found, Noted) else found)

    def name(self) -> None:
        """Give it the word of its modality, if it has none: another image is to name it."""
        if not self.word:
            self.values["image"] = {"PT": "pet"}.get(self.modality, self.modality.lower())


class DicomDraft:
    """What the DICOM files of a folder become: sources, and what was left out, in sentences.

    visits: the time points, if patients were scanned several times.
    """

    def __init__(self, headers: Headers, trial: Trial, folders: Mapping[str, Collection[str]]) -> None:
        """trial: tries a source. folders: of the centres, each with the ids of its patients; empty if there is one centre."""
        self._ids, self._trial = headers.ids, trial
        self.sources: list[SourceDraft] = []
        self.left: list[str] = []
        self.visits = Visits()
        self._find_timepoints([one for one in headers.series if one.modality in MODALITIES])
        for modality, count in sorted(headers.modalities.items()):
            if modality not in MODALITIES:
                kind = modality or "an unknown modality"
                self.left.append(
                    f"{several(count, 'series', 'series')} of {kind} left out: read are {', '.join(MODALITIES)}"
                )
        if headers.not_read:
            self.left.append(f"{several(headers.not_read, 'DICOM file')} left out: damaged, or without a PatientID")
        for folder, patients in folders.items() or [(".", set(headers.ids.values()))]:
            series = [one for one in headers.series if headers.ids.get(one.patient) in patients]
            masks = [one for one in headers.masks if headers.ids.get(one.patient) in patients]
            self._draft(folder, series, masks)
        if not self.sources:
            for modality in MODALITIES:
                if own := [one for one in headers.series if one.modality == modality]:
                    images = [self._image(".", modality, one) for one in _images_of(own)]
                    self._add(images, "rtstruct", {"roi": "GTV.*"}, [_no_mask(bool(headers.masks))], Counter())

    def _draft(self, folder: str, series: Sequence[Series], masks: Sequence[Mask]) -> None:
        """Add the sources of a folder: of each modality that masks belong to, and of those beside one that have its place."""
        formats = [one for one in FORMATS if any(mask.format == one for mask in masks)]
        drawn: list[Image] = []
        without: list[Image] = []
        for modality in MODALITIES:
            own = [one for one in series if one.modality == modality]
            images = [self._image(folder, modality, one) for one in _images_of(own)]
            rois = {one: choose_rois([mask for mask in masks if mask.format == one]) for one in formats}
            with_masks = [one for one in images if _is_drawn(one, images, masks)]
            tried = {
                one: self._trial(
                    [{**image.values, "mask": _mask(one, rois[one])} for image in with_masks], self.visits.plan
                )
                for one in formats
            }
            best = max(formats, key=lambda one: tried[one][""], default=None)
            if best is None or not tried[best][""] + tried[best]["SERIES_AMBIGUOUS"] + tried[best]["MASK_AMBIGUOUS"]:
                without += images
                continue
            others = [one for one in formats if one != best and tried[one][""]]
            remarks = [*rois[best].remarks, *(_beside(one, tried[one][""]) for one in others)]
            self._add(with_masks, best, rois[best].values, remarks, tried[best])
            drawn += with_masks
            without += [one for one in images if one not in with_masks]
        self._add_beside(drawn, without)

    def _add_beside(self, drawn: Sequence[Image], without: Sequence[Image]) -> None:
        """Add images without masks beside those that have some; those of no patient of theirs are left out."""
        left: list[str] = []
        for image in without:
            other = max(drawn, key=lambda one: _shared(image, one), default=None)
            if other is None or not _shared(image, other)[1]:
                left.append(image.word or image.modality)
                continue
            places, patients = _shared(image, other)
            if 2 * places < patients:
                what, to = image.word or image.modality, other.word or other.modality
                word = to.lower()
                keys = f"`mask: {{format: of, image: {word}}}` and `registration: {{to: {word}, kind: rigid}}`"
                why = f"no masks of its own, and {to} is in another frame of reference"
                self.left.append(f"{what} left out: {why}; a source of it with {keys} takes its regions")
                continue
            for one in (image, other):
                one.name()
            where = f"{places} of {patients} patients who have both have them in one frame of reference"
            text = f"no masks of its own; the regions of {other.word} are carried to it: {where}"
            self._add([image], "of", {"image": other.word}, [guess(f"{image.word} masks", text)], Counter())
        if left and self.sources:
            self.left.append(f"{', '.join(left)} left out: no structure set or segmentation belongs to its series")

    def _image(self, folder: str, modality: Modality, found: Found) -> Image:
        word, calculation = found.word, _calculation(found)
        if calculation.get("kind") == "adc":
            word = "adc"
        unit: Unit = "um2/s" if word == "adc" else UNITS[modality]
        values: dict[str, Any] = {"format": "dicom", "centre": CENTRE}
        values |= {"image": word} if word else {}
        values |= {"modality": modality, "unit": unit, "path": folder}
        values |= {key: one for key, one in (("select", found.select), ("ignore", found.ignore)) if one}
        values |= {"calculate": calculation} if calculation else {}
        if self.visits.source:
            values["timepoint"] = self.visits.source
        return Image(modality, unit, found, values)

    def _add(
        self,
        images: Sequence[Image],
        format_: MaskFormat | Literal["of"],
        mask: Mapping[str, Any],
        remarks: Sequence[Remark],
        found: Counter[str],
    ) -> None:
        """Add sources of images with one kind of mask. found: what a try of them found."""
        for number, image in enumerate(images):
            values, series = image.values, image.found.series
            values["unit"] = Noted(image.unit, tuple(_unit_remarks(image)))
            about = _several_series(image.word or image.modality, series, found) if number == 0 else []
            values["path"] = Noted(values["path"], tuple(about)) if about else values["path"]
            if image.found.word:
                values["image"] = Noted(image.word, (_told_by(image.found),))
            if "calculate" in values:
                values["calculate"] = Noted(values["calculate"], (_told_of_phases(image),))
            values["mask"] = Noted({"format": format_, **mask}, tuple(remarks) if number == 0 else ())
            if "timepoint" in values:
                values["timepoint"] = Noted(self.visits.source, (guess("time points", self.visits.told),))
            spacings = [one.spacing_mm for one in series if all(one.spacing_mm)] or [one.spacing_mm for one in series]
            places: dict[str, set[str]] = defaultdict(set)
            for one in series:
                places[self._ids.get(one.patient, "")].add(one.name)
            shown = f"DICOM with {NAMES[format_]}s" if format_ != "of" else f"DICOM with the regions of {mask['image']}"
            middle = middle_spacing(spacings)
            draft = SourceDraft(values, image.modality, image.unit, middle, len(spacings), len(series), places, shown)
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
                planned = plan_visits(list(owners))
                codes = planned.source or {"codes": {word: word for word in owners}}
                self.visits = Visits(planned.plan, {"tag": tag, **codes}, f"{tag} tells them apart in every patient")
                return
        self._find_dates(series)

    def _find_dates(self, series: Sequence[Series]) -> None:
        """Number the visits by their dates, if half of the patients have images of one modality on several."""
        dates: dict[tuple[str, str], set[str]] = defaultdict(set)
        for one in series:
            dates[one.patient, one.modality].add(one.facts.get("StudyDate", ""))
        repeated = {patient for (patient, _), own in dates.items() if len(own) > 1}
        patients = {patient for patient, _ in dates}
        if any("" in own for own in dates.values()) or 2 * len(repeated) < len(patients):
            return
        days: dict[str, set[str]] = defaultdict(set)
        for (patient, _), own in dates.items():
            days[patient] |= own
        told = (
            f"{len(repeated)} of {several(len(patients), 'patient')} have studies of several dates: visits in their order, "
            "with the days between them; dates are not kept. `within_days: 3` joins what lies so close"
        )
        self.visits = Visits({"visit": {"to": max(map(len, days.values()))}}, {"date": "StudyDate"}, told)


def _images_of(series: Sequence[Series]) -> list[Found]:
    """The images among the series of a modality; one, without a word, if most patients have one series."""
    if not series:
        return []
    return name_series(series) or [Found("", tuple(series), {}, {}, True, 0)]


def _mask(format_: MaskFormat, rois: Regions) -> dict[str, Any]:
    return {"format": format_, **rois.values}


def _is_drawn(image: Image, images: Sequence[Image], masks: Sequence[Mask]) -> bool:
    """Whether masks reference an image as often as half of what they do that of its modality which they reference most."""
    if len(images) == 1:
        return True

    def count(one: Image) -> int:
        keys = {series.key for series in one.found.series}
        return len({mask.patient for mask in masks if mask.series & keys})

    most = max(map(count, images))
    return count(image) > 0 and 2 * count(image) >= most


def _shared(one: Image, other: Image) -> tuple[int, int]:
    """How many patients have both in one frame of reference, and how many have both."""
    frames: tuple[dict[str, set[str]], ...] = (defaultdict(set), defaultdict(set))
    for found, image in zip(frames, (one, other), strict=True):
        for series in image.found.series:
            found[series.patient].add(series.frame)
    both = frames[0].keys() & frames[1].keys()
    return sum(bool((frames[0][patient] & frames[1][patient]) - {""}) for patient in both), len(both)


def _calculation(found: Found) -> dict[str, Any]:
    """How one image is made of series that hold several at one place; nothing if they hold one."""
    if median(one.phases for one in found.series) < 2:
        return {}
    return {"kind": "adc"} if found.word == "dwi" else {"kind": "phase", "number": 0} if found.word else {}


def _told_of_phases(image: Image) -> Remark:
    """What is said of a calculation."""
    count = f"{median(one.phases for one in image.found.series):g} slices lie at each place"
    if image.word == "adc":
        text = f"{count}, of several b-values by their descriptions: ADC of the b-values in the headers"
        return guess("ADC of b-values", text, "calculate: {kind: adc, b_values: [0, 800]}   # of these alone")
    others = (
        "calculate: {kind: phase, at_s: 60}",
        "calculate: {kind: subtraction, of: {at_s: 60}, minus: {number: 0}}",
    )
    return question(
        f"phase of {image.word}", f"{count}, as of a dynamic series: which is meant? Written: the first", *others
    )


def _told_by(found: Found) -> Remark:
    """Why series have a word."""
    count = several(len(found.patients), "patient")
    how = "their descriptions" if found.is_sure else "descriptions, echo and repetition times"
    text = f"{several(len(found.series), 'series', 'series')} of {count}, by {how}"
    text += (
        f"; {several(found.derived, 'series', 'series')} that {'was' if found.derived == 1 else 'were'} derived left out"
        if found.derived
        else ""
    )
    if not (found.select or found.ignore):
        what = f"{found.word}: {text}, and nothing was found that sets these apart from the others: what does?"
        return question("series", what, "select: {SeriesDescription: '.*PATTERN.*'}")
    if found.doubled:
        what = (
            f"{found.word}: {text}; {several(found.doubled, 'patient')} have several, and are rejected: which is meant?"
        )
        return question("series", what, "ignore: {SeriesDescription: '.*PATTERN.*'}")
    return guess("series", f"{found.word}: {text}")


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


def _unit_remarks(image: Image) -> list[Remark]:
    modality, series = image.modality, image.found.series
    if image.unit == "um2/s" and "calculate" not in image.values:
        return [guess("ADC in um2/s", "as scanners store it (10^-6 mm²/s); headers do not tell", "unit: arbitrary")]
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


def _several_series(about: str, series: Sequence[Series], found: Counter[str]) -> list[Remark]:
    """Questions where a patient has more series, or masks, than a case can have."""
    count = found["SERIES_AMBIGUOUS"] + found["MASK_AMBIGUOUS"] + found["DICOM_MIXED_PHASES"]
    if not count:
        return []
    studies: dict[str, set[str]] = defaultdict(set)
    for one in series:
        studies[one.patient].add(one.facts.get("StudyInstanceUID", ""))
    repeated = sum(len(uids) > 1 for uids in studies.values())
    text = f"in {several(count, 'case')} several {about} series or masks fit, and a case has one; these cases are refused. "
    text += f"{several(repeated, 'patient')} have several studies: are they time points? " if repeated else ""
    text += "Which series is meant?"
    answers = ["select: {ConvolutionKernel: 'B.*'}            # a DICOM keyword, and a pattern for its value"]
    answers += ["ignore: {SeriesDescription: '.*scout.*'}"]
    if repeated:
        answers += ["timepoint: {tag: ClinicalTrialTimePointID, codes: {T0: baseline, T1: followup}}"]
    return [question(f"several {about} series", text, *answers)]
