"""Words in the names of files and ROIs that tell what they hold: a modality, a mask, a tumour, a time point."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from features.core.case import Modality

MASK = frozenset(
    """
    annotation annotations contour contours delineation dseg groundtruth gt gtv itv label labelmap labels labelsts labelstr
    lbl lesion lesions manual mask masks msk roi rois seg segmentation segmentations segs tumor tumour
    """.split()  # noqa: SIM905
)
_ENDS, _BEGINS = ("seg", "mask", "label", "labels", "contour"), ("segm", "mask", "label", "tumor", "tumour", "lesion")
WHOLE = frozenset("body brain brainmask head skull".split())  # noqa: SIM905  # masks in which no features are meant
IMAGE = frozenset("anat image images imagests imagestr img imgs orig original raw scan scans vol volume".split())  # noqa: SIM905
MODALITIES: dict[Modality, frozenset[str]] = {
    "CT": frozenset("cbct cect ct cta ctac hrct ldct ncct".split()),  # noqa: SIM905
    "MR": frozenset(
        "adc bold ce dce dwi flair inplanet mr mri pd pdw sbref swi t t1 t1c t1ce t1gd t1km t1n t1w t2 t2f t2w tw".split()  # noqa: SIM905
    )
    - {"ce", "t", "tw"},
    "PT": frozenset("fdg pet pt psma suv".split()),  # noqa: SIM905
    "DX": frozenset("cxr dx xray xr".split()),  # noqa: SIM905
    "CR": frozenset(("cr",)),
}
TUMOUR_WORD = "tumour"  # of the region of a tumour in a catalog, so that centres share it
TUMOUR = ("gtv", "tumor", "tumour", "lesion", "neoplasm", "cancer", "carcinoma", "mass", "nodule", "metastasis")
TIMEPOINT = re.compile(
    r"(ses-)?(baseline|bl|plan|planning|pre[a-z]*|post[a-z]*|follow_?up_?\d*|fu_?\d*|(week|wk|w|month|mo|m|day|d|year|y|visit|v|tp|t|time)_?\d{1,3})",
    re.IGNORECASE,
)
_DAY, _MONTH, _YEAR = "(0[1-9]|[12][0-9]|3[01])", "(0[1-9]|1[0-2])", "(19|20)[0-9]{2}"
_DATE = re.compile(rf"(?<![0-9])({_YEAR}[-_.]?{_MONTH}[-_.]?{_DAY}|{_DAY}[-_.]?{_MONTH}[-_.]?{_YEAR})(?![0-9])")
_DATES = {
    "%Y-%m-%d": r"\d{4}-\d{2}-\d{2}",
    "%Y%m%d": r"(19|20)\d{6}",
    "%Y_%m_%d": r"\d{4}_\d{2}_\d{2}",
    "%d.%m.%Y": r"\d{2}\.\d{2}\.\d{4}",
}
SESSION = re.compile(r"ses-([A-Za-z0-9]+)")
_TOKEN = re.compile(r"[A-Za-z0-9]+")


def tokens(text: str) -> list[str]:
    """The words of a name in small letters, in order; each also without the number at its end, if it has one.

    >>> tokens("GTV1_mask")
    ['gtv1', 'gtv', 'mask']
    """
    found = []
    for word in _TOKEN.findall(text.lower()):
        found.append(word)
        if (bare := word.rstrip("0123456789")) and bare != word:
            found.append(bare)
    return found


def names_mask(text: str) -> bool:
    """Whether a name says that a file is a mask, also where its word is written together with another.

    >>> names_mask("P1_tumorseg"), names_mask("lung_mask"), names_mask("T1_seq2")
    (True, True, False)
    """
    words = tokens(text)
    return not MASK.isdisjoint(words) or any(word.endswith(_ENDS) or word.startswith(_BEGINS) for word in words)


def modality_in(text: str) -> Modality | None:
    """The modality that a name tells, if it tells one."""
    there = set(tokens(text))
    found = [modality for modality, words in MODALITIES.items() if words & there]
    return found[0] if len(found) == 1 else None


def is_role(text: str) -> bool:
    """Whether all words of a name tell what a file holds, so that it is no patient's."""
    known = MASK | IMAGE | frozenset[str]().union(*MODALITIES.values()) | {"ses", "nifti", "nii", "dicom", "data"}
    words = _TOKEN.findall(text.lower())
    return bool(words) and all(_is_known(word, known) for word in words)


def holds_role(text: str) -> bool:
    """Whether a name holds a word for an image or a mask, as a patient's hardly does."""
    return not (MASK | IMAGE).isdisjoint(tokens(text))


def holds_date(text: str) -> bool:
    """Whether a name holds a date.

    >>> holds_date("CT_2019-03-04"), holds_date("04.03.2019"), holds_date("20190304"), holds_date("case_20123")
    (True, True, True, False)
    """
    return _DATE.search(text) is not None


def date_format(word: str) -> str:
    """How a word writes a date; "" if it is none, or days and months cannot be told apart by the form alone.

    >>> date_format("2019-03-04"), date_format("20190304"), date_format("04.03.2019"), date_format("week4")
    ('%Y-%m-%d', '%Y%m%d', '%d.%m.%Y', '')
    """
    for form, shape in _DATES.items():
        if re.fullmatch(shape, word):
            try:
                datetime.strptime(word, form)
            except ValueError:
                continue
            return form
    return ""


def is_tumour(name: str) -> bool:
    """Whether the name of an ROI is that of a tumour."""
    return any(word in tokens(name) or any(t.startswith(word) for t in tokens(name)) for word in TUMOUR)


def _is_known(word: str, known: Iterable[str]) -> bool:
    return word in known or word.rstrip("0123456789") in known or TIMEPOINT.fullmatch(word) is not None
