"""The registry of faults: what is wrong with a case, and exactly what must become of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.corpus.series_words import WORDS, diffusion_study, echoes_study
from tests.corpus.study import ct_study, mr_study, nifti_pair, nrrd_pair, pt_study, seg_study
from tests.corpus.visits import TIMEPOINT, TIMEPOINTS, visits_study
from tests.corpus.words import READERS, REGIONS, layers_pair, readers_case, regions_pair, words_case
from tests.support.catalog import cohort_of, dicom_images, file_images

Twin = Literal["equal", "close", "other"]


@dataclass(frozen=True)
class Outcome:
    """What becomes of a case.

    refused: "stage CODE" of each quarantine row. warned: codes of the warnings of its scans. used: how many scans are
    used. twin: their features are those of the case without the fault to the bit, within 1e-6, or others.
    aside: how many files are counted as something else than used and quarantined.
    """

    refused: tuple[str, ...] = ()
    warned: tuple[str, ...] = ()
    used: int = 0
    twin: Twin = "other"
    aside: Mapping[str, int] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """In words, for a table."""
        codes = list(dict.fromkeys(row.split()[1] for row in self.refused))
        words = [f"quarantined: {', '.join(codes)}"] if codes else []
        if self.warned:
            words.append(f"warning: {', '.join(dict.fromkeys(self.warned))}")
        if self.used:
            words.append("used, with the same features" if self.twin != "other" else "used")
        for what, count in self.aside.items():
            words.append(f"{count} {'file' if count == 1 else 'files'} {WAYS[what]}")
        return "; ".join(words)


WAYS = {
    "merged": "merged, being identical",
    "ignored_type": "left aside for their type",
    "ignored_not_dicom": "left aside, being no DICOM",
    "ignored_localizer": "left aside as localizer",
    "ignored_not_named": "left aside, being of a series that the mask does not name",
    "ignored_archive": "unpacked",
    "ignored_no_roi": "left aside, having no ROI that matches",
}


def refused(*codes: str, stage: str = "quality", warned: tuple[str, ...] = (), used: int = 0) -> Outcome:
    """Quarantined: a row for each code. used: other scans of the case, whose features are as without the fault."""
    rows = tuple(code if " " in code else f"{stage} {code}" for code in codes)
    return Outcome(rows, warned, used, "equal" if used else "other")


def recovered(*warned: str, twin: Twin = "equal", used: int = 1, **aside: int) -> Outcome:
    """Used, perhaps with warnings."""
    return Outcome(warned=tuple(sorted(warned)), used=used, twin=twin, aside=aside)


@dataclass(frozen=True)
class Kind:
    """How cases of a kind are declared in the catalog, and the clean one: `make(patient, seed)`, which gives so many scans."""

    entry: dict[str, Any]
    make: Callable[..., Any]
    scans: int = 1


def _dicom(modality: str, unit: str, *, mask: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    own = {"format": "rtstruct", "roi": "GTV.*"} | (mask or {})
    return dicom_images(modality=modality, unit=unit, mask=own, **more)


def _file(format_: str, ending: str, *, mask: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    path = f"{{kind}}/{{patient}}/%s.{ending}"
    found = file_images(path % "image", path % "mask", form=format_, **more)
    return {**found, "mask": found["mask"] | (mask or {})}


KINDS = {
    "ct": Kind(_dicom("CT", "HU"), ct_study),
    "ct_regrid": Kind(_dicom("CT", "HU", regrid=True), ct_study),
    "ct_union": Kind(_dicom("CT", "HU", mask={"several": "union"}), ct_study),
    "ct_absent": Kind(_dicom("CT", "HU", mask={"absent": "ignore"}), ct_study),
    "mr": Kind(_dicom("MR", "arbitrary"), mr_study),
    "pt": Kind(_dicom("PT", "SUV"), pt_study),
    "seg": Kind(_dicom("CT", "HU", mask={"format": "seg"}), seg_study),
    "nifti": Kind(_file("nifti", "nii.gz"), nifti_pair),
    "nifti_volume": Kind(_file("nifti", "nii.gz", volume=0), nifti_pair),
    "nifti_nearest": Kind(_file("nifti", "nii.gz", mask={"grid": "nearest"}), nifti_pair),
    "nrrd": Kind(_file("nrrd", "nrrd"), nrrd_pair),
    "rois": Kind(_file("nifti", "nii.gz", mask={"rois": REGIONS}), regions_pair, 2),
    "rois_absent": Kind(_file("nifti", "nii.gz", mask={"rois": REGIONS, "absent": "ignore"}), regions_pair, 2),
    "layers": Kind(_file("nrrd", "nrrd", mask={"rois": REGIONS, "overlap": "reject"}), layers_pair, 2),
    "readers": Kind(
        _file("nifti", "nii.gz", mask={"path": "{kind}/{patient}/{reader}.nii.gz", "readers": list(READERS)}),
        readers_case,
        1 + len(READERS),
    ),
    "diffusion": Kind(
        _dicom("MR", "um2/s", image="adc", calculate={"kind": "adc", "b_values": [0, 1000]}, centre="C"),
        diffusion_study,
    ),
    "echoes": Kind(_dicom("MR", "arbitrary", image=WORDS, centre="D"), echoes_study, 2),
    "visits": Kind(_dicom("CT", "HU", timepoint=TIMEPOINT), visits_study, 2),
    "words": Kind(
        {
            **_file("nifti", "nii.gz", centre="B"),
            "image": ["native", "venous"],
            "path": "{kind}/{patient}/{image}.nii.gz",
        },
        words_case,
        2,
    ),
}


def entry_of(kind: str) -> dict[str, Any]:
    """The catalog's image source of a kind; its cases lie in a folder of its name."""
    entry = dict(KINDS[kind].entry)
    if entry["format"] == "dicom":
        return {**entry, "path": kind}
    mask = {**entry["mask"], "path": entry["mask"]["path"].replace("{kind}", kind)}
    return {**entry, "path": entry["path"].replace("{kind}", kind), "mask": mask}


def corpus_of(kinds: Iterable[str], root: str) -> dict[str, Any]:
    """A cohort of the catalog with these kinds."""
    centres: dict[str, Any] = {name: {} for name in "ABCD"}
    images = (entry_of(kind) for kind in sorted(set(kinds)))
    return cohort_of(*images, root=root, centres=centres, timepoints=TIMEPOINTS)


@dataclass(frozen=True)
class Fault:
    """One fault of one case: `spoil` changes the clean case of its kind, or gives back what is written in its place."""

    name: str
    domain: str
    kind: str
    spoil: Callable[[Any], Any]
    outcome: Outcome

    @property
    def code(self) -> str:
        """The fault of which this is a form."""
        return self.name.split("__")[0].upper()

    @property
    def title(self) -> str:
        """What is wrong, in words."""
        return " ".join((self.spoil.__doc__ or "").split()).rstrip(".")

    @property
    def patient(self) -> str:
        """The id of the patient; a second one is called the same with -B."""
        return f"P-{self.name}"

    def write(self, root: Path) -> None:
        """Write the bad case into the folder of its kind below `root`."""
        case = KINDS[self.kind].make(self.patient)
        case = self.spoil(case) or case
        for one in case if isinstance(case, list) else [case]:
            one.write(root / self.kind / one.patient)


FAULTS: dict[str, Fault] = {}


def fault(domain: str, kind: str, outcome: Outcome) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Register a function that spoils a clean case; its name, up to a double underscore, is the fault's code."""

    def register(spoil: Callable[[Any], Any]) -> Callable[[Any], Any]:
        name = spoil.__name__
        assert name not in FAULTS, name
        FAULTS[name] = Fault(name, domain, kind, spoil, outcome)
        return spoil

    return register
