"""draft_files: image sources of NIfTI, NRRD and MetaImage files, from their names, grids and values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from features.core.case import Modality
from tasks.drafting.commented import Noted
from tasks.drafting.dataset_json import read_dataset_json
from tasks.drafting.image_words import IMAGE_HOLE
from tasks.drafting.pairs import Kind, Pair, find_pairs, kinds_of
from tasks.drafting.regions import draft_masks
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.source import CENTRE, SourceDraft
from tasks.drafting.stacks import Image, Stack, stack_up
from tasks.drafting.survey import Survey
from tasks.drafting.templates import PATIENT, Naming, Template, find_templates, split_ending
from tasks.drafting.timepoints import TIMEPOINT_HOLE, Visits, plan_visits, visits_by_date, with_timepoints
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


class FileDraft:
    """What the image files of a folder become: sources, time points, patients, and what was left out, in sentences."""

    def __init__(self, survey: Survey, known: Collection[str], taken: Mapping[Modality, Collection[str]]) -> None:
        """known: ids of patients from elsewhere. taken: whose images DICOM of the same folder gives already, by modality."""
        paths = {file.name: file.path for file in survey.images}
        self.naming: Naming = find_templates(list(paths), known) if paths else Naming((), (), (), "")
        templates, codes, rare = with_timepoints(self.naming)
        self.left: list[str] = []
        templates = self._undated(templates, rare)
        dated = visits_by_date(one for one in templates if TIMEPOINT_HOLE in one.text)
        self.visits = dated if dated.plan else plan_visits(list(codes))
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
        told = read_dataset_json(survey.folder)
        kinds = kinds_of(templates, paths)
        if unread := len(templates) - len(kinds):
            text = "of those looked at none can be read as an image of three dimensions"
            self.left.append(f"{several(unread, 'kind')} of image files left out: {text}")
        pairs, self.alone = find_pairs(kinds)
        for stack in stack_up(pairs, taken, told.channels, self.left):
            self.sources += _sources(stack, self.visits, self.naming.level, paths, told.labels)

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


def without_masks(
    alone: Sequence[Kind], taken: Mapping[Modality, Collection[str]], visits: Visits, level: str
) -> list[SourceDraft]:
    """Sources of images whose masks are not there, with the question where they are."""
    text = "no file here is a mask, and radweave measures inside a mask. Where are they? Until they are there, no scan can be used"
    answers = ("path: 'masks/{patient}.nii.gz'", "mask: whole   # in place of all of it: features of the whole image")
    found: list[SourceDraft] = []
    threshold = (
        "mask: {format: percent_of_max, inside: {format: box, table: boxes.csv}}   # computed, and marked as that"
    )
    for stack in stack_up([Pair(image, image, (), 0, 0, 0) for image in alone], taken, {}, []):
        stem, ending = split_ending(stack.path)
        path = stem.replace(IMAGE_HOLE, "mask") if stack.words else f"{stem}_mask"
        mask = {"format": _format(stack.first.pair.image.template), "path": f"{path}{ending}"}
        more = (threshold,) if stack.first.modality == "PT" else ()
        asked = [question("masks", text, *answers, *more)] if not found else []
        found.append(_source(stack, mask, asked, visits, level))
    return found


def _sources(
    stack: Stack, visits: Visits, level: str, paths: Mapping[str, Path], labels: Mapping[int, str]
) -> Iterator[SourceDraft]:
    """The entries of the catalog for images: one for each mask file with regions of its own."""
    first = stack.first
    if first.drawn_on is not None:
        yield _source(stack, {"format": "of", "image": first.drawn_on.word}, [_of(stack)], visits, level)
        return
    for number, mask in enumerate(draft_masks(first.pair, first.modality, paths, labels)):
        values: dict[str, Any] = {"format": _format(first.pair.mask.template), "path": stack.mask_path or mask.path}
        values |= mask.values
        if first.pair.same_grid < first.pair.looked:
            values["grid"] = "nearest"
        remarks = [*(_grid_remarks(first) if number == 0 else ()), *mask.remarks]
        yield _source(stack, values, remarks, visits, level)


def _source(stack: Stack, mask: dict[str, Any], remarks: Sequence[Remark], visits: Visits, level: str) -> SourceDraft:
    first = stack.first
    templates = [one.pair.image.template for one in stack.images]
    values: dict[str, Any] = {"format": _format(templates[0]), "centre": CENTRE}
    said = tuple(stack.remarks)
    if first.word:
        alike = all(word == text for word, text in stack.words.items())
        words = first.word if not stack.words else list(stack.words) if alike else dict(stack.words)
        values["image"], said = Noted(words, said), ()
    key = "unit" if first.remark.about.startswith("unit") else "modality"
    values |= {"modality": first.modality, "unit": first.unit}
    values[key] = Noted(values[key], (first.remark,))
    count = sum(len(one.files) for one in templates)
    text = f"{several(count, 'file')} of this pattern; the patient is read from {level}"
    values["path"] = Noted(stack.path, (guess(f"{first.modality} images", text), *said))
    if TIMEPOINT_HOLE in stack.path and visits.source:
        told = (guess("time points", visits.told),) if visits.told else ()
        values["timepoint"] = Noted(dict(visits.source), told)
    values["mask"] = Noted(mask, tuple(remarks))
    spacings = [look.spacing_mm for one in stack.images for look in one.pair.image.looks.values()]
    middle = middle_spacing(spacings)
    return SourceDraft(values, first.modality, first.unit, middle, len(spacings), count, _places(templates), stack.path)


def _places(images: Sequence[Template]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for image in images:
        for key, name in image.files.items():
            found[key.patient].add(name)
    return found


def _grid_remarks(image: Image) -> list[Remark]:
    pair, modality = image.pair, image.modality
    seen = f"{pair.same_grid} of {pair.looked} looked at lie on the grid of their image"
    found = [guess(f"{modality} masks", f"few whole numbers; {seen}")]
    if pair.same_grid < pair.looked:
        text = "some masks lie on another grid than their image: take the nearest voxel, or refuse them?"
        found.append(question(f"grid of {modality} masks", text, "grid: same"))
    return found


def _of(stack: Stack) -> Remark:
    assert stack.first.drawn_on is not None
    other = stack.first.drawn_on.word
    text = f"they lie on the grid of {other}: its regions are carried to {', '.join(one.word for one in stack.images)}"
    answers = (
        "with the patient in the same place; if not, this beside `mask`:",
        f"registration: {{to: {other}, kind: rigid, warn_shift_mm: 10}}",
    )
    return guess(f"{stack.first.modality} masks", text, *answers)


def _format(template: Template) -> str:
    ending = next(one for one in sorted(FORMATS, key=len, reverse=True) if template.text.lower().endswith(one))
    return FORMATS[ending]
