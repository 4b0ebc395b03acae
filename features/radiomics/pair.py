"""Pair, Extraction: the files that are measured, and what was found; light, so that whoever only hands them on is, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from features.core.quarantine import REASONS, Rejected, Warned
from features.core.wording import counted

_NOT_THERE = "give the path of a file that is there"  # a pair has no catalog to correct
_REMEDIES = {"IMAGE_MISSING": _NOT_THERE, "MASK_MISSING": _NOT_THERE}
Value = float | int | str | tuple[float, ...]  # of a diagnostic


@dataclass(frozen=True)
class Pair:
    """The files of an image and a label map; label and channel: those of the parameters where they are None."""

    image: Path
    mask: Path
    label: int | None = None
    channel: int | None = None


@dataclass(frozen=True)
class Extraction:
    """features: by pyradiomics' names; NaN where a feature is undefined, and `undefined` then says why. rejected: images that
    cannot be measured, and why. flat: the ROI has one intensity, so that many features are undefined. warnings: what the
    readers noticed of image and label map; of files, each with its name and the remedy."""

    features: Mapping[str, float]
    undefined: Mapping[str, str]
    rejected: Mapping[str, Rejected]
    diagnostics: Mapping[str, Value]
    flat: bool
    warnings: tuple[Warned, ...] = ()

    @property
    def incomplete(self) -> Rejected | None:
        """Why features are empty, if any are: the code of the first image that is rejected, MASK_FLAT, or UNDEFINED."""
        if not self.undefined:
            return None
        reasons: dict[str, list[str]] = {}
        for name, reason in self.undefined.items():
            reasons.setdefault(reason, []).append(name)
        parts = [f"{image}: {why.message}" for image, why in self.rejected.items()]
        for reason, names in reasons.items():
            more = f" and {len(names) - 4} more" if len(names) > 4 else ""
            parts.append(f"{reason}: {', '.join(names[:4])}{more}")
        code = next((why.code for why in self.rejected.values()), "MASK_FLAT" if self.flat else "UNDEFINED")
        return Rejected(code, f"{counted(len(self.undefined), 'feature is', 'features are')} empty: {'; '.join(parts)}")


def remedy_of(code: str) -> str:
    """What to do about a pair that is rejected with this code."""
    return _REMEDIES.get(code) or REASONS[code].remedy
