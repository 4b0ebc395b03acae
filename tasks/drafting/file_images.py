"""draft_files: image sources of NIfTI, NRRD and MetaImage files, from their names, grids and values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from features.core.case import Modality, Unit
from tasks.drafting.commented import Noted
from tasks.drafting.pairs import Kind, Pair, find_pairs, kinds_of
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.source import CENTRE, SourceDraft
from tasks.drafting.survey import Survey
from tasks.drafting.templates import PATIENT, Naming, Template, find_templates, split_ending
from tasks.drafting.timepoints import TIMEPOINT_HOLE, with_timepoints
from tasks.drafting.voxels import middle_spacing
from tasks.drafting.words import holds_date

FORMATS = {
    ".nii": "nifti",
    ".nii.gz": "nifti",
    ".hdr": "nifti",
    ".nrrd": "nrrd",
    ".nhdr": "nrrd",
    ".mha": "mha",
    ".mhd": "mha",
}
_WEIGHTINGS = ("t1c", "t1ce", "t1gd", "t1", "t1w", "t1n", "t2", "t2w", "flair", "adc")


class FileDraft:
    """What the image files of a folder become: sources, time points, patients, and what was left out, in sentences."""

    def __init__(self, survey: Survey, known: Collection[str], taken: Mapping[Modality, Collection[str]]) -> None:
        """known: ids of patients from elsewhere. taken: whose images DICOM of the same folder gives already, by modality."""
        paths = {file.name: file.path for file in survey.images}
        self.naming: Naming = find_templates(list(paths), known) if paths else Naming((), (), (), "")
        templates, self.timepoints, rare = with_timepoints(self.naming)
        self.left: list[str] = []
        templates = self._undated(templates, rare)
        self.sources: list[SourceDraft] = []
        self.alone: list[Kind] = []
        if not paths:
            return
        if not templates and not self.left:
            what = "no part of their names tells patients apart: give each a folder, and init the folder above these"
            self.left.append(f"{several(len(paths), 'image file')} left out: {what}")
        if not templates:
            return
        if left := len(self.naming.left) + sum(len(one.files) for one in rare):
            what = "the name fits" if left == 1 else "their names fit"
            self.left.append(f"{several(left, 'image file')} left out: {what} no pattern that two patients share")
        kinds = kinds_of(templates, paths)
        if unread := len(templates) - len(kinds):
            text = "of those looked at none can be read as an image of three dimensions"
            self.left.append(f"{several(unread, 'kind')} of image files left out: {text}")
        pairs, self.alone = find_pairs(kinds)
        chosen = _one_of_each(pairs, taken, self.left)
        self.sources = [_source(pair, beside, self.timepoints, self.naming.level) for pair, beside in chosen]

    def _undated(self, templates: Sequence[Template], rare: list[Template]) -> list[Template]:
        """The templates in which no date of a patient stands; also `rare` is left with these alone."""
        dated = {one.text for one in (*templates, *rare) if holds_date(one.text.partition(PATIENT)[2])}
        if count := sum(len(one.files) for one in (*templates, *rare) if one.text in dated):
            what = "dates stand in their paths, and none is written: name these folders or files after time points"
            self.left.append(f"{several(count, 'image file')} left out: {what}, such as baseline and week4")
            rare[:] = [one for one in rare if one.text not in dated]
        return [one for one in templates if one.text not in dated]

    @property
    def patients(self) -> set[str]:
        """The patients as the paths of the sources write them."""
        return {patient for one in self.sources for patient in one.patients} or self.naming.patients


def without_masks(image: Kind, timepoints: Mapping[str, str], level: str) -> SourceDraft:
    """A source whose masks are not there, with the question where they are."""
    stem, ending = split_ending(image.template.text)
    draft = _source(Pair(image, image, (), 0, 0, 0), (), timepoints, level)
    path = f"{stem}_mask{ending}"
    text = "no file here is a mask, and radweave measures inside a mask. Where are they? Until they are there, no scan can be used"
    answers = ("path: 'masks/{patient}.nii.gz'",)
    draft.values["mask"] = Noted(
        {"format": _format(image.template), "path": path}, (question("masks", text, *answers),)
    )
    return draft


Chosen = list[tuple[Pair, list[Pair]]]  # pairs, each with those beside it


def _one_of_each(pairs: Sequence[Pair], taken: Mapping[Modality, Collection[str]], left: list[str]) -> Chosen:
    """For each modality the pair to take, with those beside it: a patient has one image of a modality at a time point.

    Pairs of other patients, as those of another centre, are taken as well.
    """
    groups: dict[tuple[Modality, Unit], list[Pair]] = defaultdict(list)
    for pair in sorted(pairs, key=_preference):
        modality, unit, _ = _what_it_is(pair)
        if pair.image.template.patients & set(taken.get(modality, ())):
            left.append(f"{modality} in files left out: DICOM gives {modality} of the same patients")
            continue
        groups[modality, unit].append(pair)
    chosen: Chosen = []
    for several_pairs in groups.values():
        own: Chosen = []
        for pair in several_pairs:
            other = next((one for one in own if one[0].image.template.patients & pair.image.template.patients), None)
            if other is None:
                own.append((pair, []))
            else:
                other[1].append(pair)
        chosen += own
    return chosen


def _preference(pair: Pair) -> tuple[bool, int, int, str]:
    """Pairs on one grid first, of most patients, in the usual order of MR weightings."""
    text = pair.image.template.text.lower()
    weighting = next(
        (i for i, word in enumerate(_WEIGHTINGS) if word in text.replace("{patient}", "")), len(_WEIGHTINGS)
    )
    return pair.same_grid < pair.looked, -pair.patients, weighting, text


def _source(pair: Pair, beside: Sequence[Pair], timepoints: Mapping[str, str], level: str) -> SourceDraft:
    modality, unit, remark = _what_it_is(pair)
    image = pair.image.template
    values: dict[str, Any] = {
        "format": _format(image),
        "centre": CENTRE,
        "modality": modality,
        "unit": unit,
    }
    key = "unit" if remark.about.startswith("unit") else "modality"
    values[key] = Noted(values[key], (remark,))
    fit = several(len(image.files), "file")
    remarks = [guess(f"{modality} images", f"{fit} of this pattern; the patient is read from {level}")]
    if beside:
        text = f"a patient has one {modality} at a time point: which is meant? These have masks, too"
        remarks.append(question(f"which {modality}", text, *(f"path: '{one.image.template.text}'" for one in beside)))
    values["path"] = Noted(image.text, tuple(remarks))
    if TIMEPOINT_HOLE in image.text and any(word != meant for word, meant in timepoints.items()):
        values["timepoint"] = {"codes": dict(timepoints)}
    values["mask"] = Noted(_mask(pair), tuple(_mask_remarks(pair, modality)))
    spacings = [look.spacing_mm for look in pair.image.looks.values()]
    return SourceDraft(
        values,
        modality,
        unit,
        middle_spacing(spacings),
        len(spacings),
        len(image.files),
        _places(image),
        image.text,
    )


def _places(image: Template) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for key, name in image.files.items():
        found[key.patient].add(name)
    return found


def _mask(pair: Pair) -> dict[str, Any]:
    values: dict[str, Any] = {"format": _format(pair.mask.template), "path": pair.mask.template.text}
    labels = pair.mask.labels
    if labels and 1 not in labels:
        values["label"] = labels[0]
    if pair.same_grid < pair.looked:
        values["grid"] = "nearest"
    return values


def _mask_remarks(pair: Pair, modality: str) -> list[Remark]:
    labels = pair.mask.labels
    seen = f"{pair.same_grid} of {pair.looked} looked at lie on the grid of their image"
    found = [guess(f"{modality} masks", f"few whole numbers; {seen}")]
    if pair.same_grid < pair.looked:
        text = "some masks lie on another grid than their image: take the nearest voxel, or refuse them?"
        found.append(question(f"grid of {modality} masks", text, "grid: same"))
    if len(labels) > 1:
        numbers = ", ".join(map(str, labels[:10]))
        text = f"the masks hold the numbers {numbers}: which one is the ROI? Written: {labels[0]}"
        answers = [f"label: {label}" for label in labels[1:6]]
        found.append(question(f"label of {modality}", text, *answers, "lesions: by_label   # a case for each number"))
    elif labels and labels != (1,):
        found.append(guess(f"label of {modality}", f"the ROI is {labels[0]}, the only number in the masks looked at"))
    if pair.others:
        text = "other masks lie on the same grid: which is meant?"
        found.append(
            question(f"which {modality} mask", text, *(f"path: '{one.template.text}'" for one in pair.others[:8]))
        )
    return found


def _what_it_is(pair: Pair) -> tuple[Modality, Unit, Remark]:
    """Modality and unit by the names and by the values, with why; what neither tells is asked for."""
    said, looks = pair.image.modality, list(pair.image.looks.values())
    low, high = min(look.low for look in looks), max(look.high for look in looks)
    values = (
        f"values from {round(low, 3):g} to {round(high, 3):g} (1st to 99th percentile of {several(len(looks), 'file')})"
    )
    fits = frozenset.intersection(*(look.units for look in looks))
    if said == "CT" or (said is None and low < -500 and "HU" in fits):
        why = "by the names" if said else "because values begin far below 0"
        if "HU" in fits:
            return "CT", "HU", guess("CT in HU", f"{why}, and {values}")
        text = f"{values} are hardly HU: what are they? Written: no unit"
        return "CT", "arbitrary", question("unit of CT", text, "unit: HU")
    if said == "PT":
        others = ("unit: SUL", "unit: BQML", "unit: arbitrary")
        if "SUV" in fits:
            return (
                "PT",
                "SUV",
                question("unit of PET", f"is it SUV? Files do not tell, and {values} can be", *others),
            )
        text = f"files do not tell it; {values} are hardly SUV: what are they? Written: none"
        return "PT", "arbitrary", question("unit of PET", text, "unit: BQML", "unit: SUV", "unit: SUL")
    if said is not None:
        return said, "arbitrary", guess(said, "by the names; it has no unit")
    text = f"neither names nor {values} tell it. Written: MR, which has no unit"
    return "MR", "arbitrary", question("modality", text, "modality: CT, and unit: HU", "modality: PT, and unit: SUV")


def _format(template: Template) -> str:
    ending = next(one for one in sorted(FORMATS, key=len, reverse=True) if template.text.lower().endswith(one))
    return FORMATS[ending]
