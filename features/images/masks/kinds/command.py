"""Command: masks that an installed program makes of each image, such as a network that somebody else has trained."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, PositiveInt, PrivateAttr, model_validator

from features.core.case import ROI, Scan, Segmentation
from features.core.digest import digest_folder
from features.core.errors import MachineError, WeightsError
from features.core.kinds.mask import Mask, Opened, RoiWord
from features.core.quarantine import Rejected, Warned
from features.core.region import Volume
from features.images.masks.computed import ComputedMask
from features.images.masks.label_map import Labels

IMAGES, MASKS_OUT, WEIGHTS = ("{image}", "{image_folder}"), ("{mask}", "{mask_folder}"), "{weights}"


class Command(ComputedMask):
    """An argument list that is run without a shell, once for each image; its output is a label map on the grid of the image.

    What the image shows to it is a NIfTI file without a name of anybody. What decides the result, and is kept with it: the
    arguments, what the program says of its version, and the digest of its weights.
    """

    kind: Literal["command"] = Field(
        "command", alias="format", description="label maps that an installed command makes"
    )
    nested: ClassVar[frozenset[str]] = frozenset({"inside", "label", "rois", "absent", "weights", "time_limit_s"})
    command: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="the program and its arguments; `{image}` stands for the NIfTI file of the image and `{mask}` for that which "
        "the program writes, `{image_folder}` and `{mask_folder}` for folders of one file each, `{weights}` for its weights"
    )
    version: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="the program and the arguments that let it say its version, such as [PROGRAM, --version]"
    )
    environment: dict[str, str] = Field(
        {}, description="environment variables of the program, beside those that are set; may hold `{weights}`"
    )
    weights: str = Field(
        "", description="folder or file of its weights, as seen from the catalog; may hold `${VARIABLE}`"
    )
    sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$", description="digest of the weights, by `radweave check`")
    label: Labels = Field(1, description="number of the voxels of the ROI, or several that make it up")
    rois: dict[RoiWord, Labels] = Field(
        {}, description="word of each ROI → its numbers, of a command that finds several"
    )
    absent: Literal["reject", "ignore"] = Field(
        "reject", description="what is done if the command finds no such ROI: `reject` the scan, or `ignore` it"
    )
    time_limit_s: PositiveInt = Field(3600, description="seconds after which a run is ended")
    _said: str = PrivateAttr("")

    @model_validator(mode="after")
    def check_arguments(self) -> Self:
        text = " ".join(self.command)
        for words, what in ((IMAGES, "image"), (MASKS_OUT, "mask")):
            if sum(word in text for word in words) != 1:
                raise ValueError(f"the command needs {words[0]} or {words[1]}, for the {what}, and one of them")
        if bool(self.weights) != (WEIGHTS in " ".join([text, *self.environment.values()])):
            raise ValueError("weights are named where {weights} stands in command or environment, and only there")
        if self.sha256 and not self.weights:
            raise ValueError("sha256 is the digest of the weights, and none are named")
        if self.roi and self.rois:
            raise ValueError("give either roi, the word of one ROI, or rois, of several by words")
        if self.inside is not None:
            raise ValueError("a command is shown the whole image: take inside out")
        return self

    @property
    def made(self) -> Segmentation:
        return "automatic"

    @property
    def roi_name(self) -> str:
        return next(iter(self.rois), self.roi or ROI)

    @property
    def pattern(self) -> str:
        return "+".join(map(str, self.label if isinstance(self.label, tuple) else (self.label,)))

    @property
    def rule(self) -> dict[str, Any]:
        return {"absent": self.absent}

    @property
    def settings(self) -> str:
        return json.dumps({**json.loads(super().settings), "version_told": self._said}, sort_keys=True)

    def each(self) -> tuple[Self, ...]:
        """A source for each of its ROIs."""
        several = [{"label": label, "rois": {word: label}} for word, label in self.rois.items()] or [{}]
        return tuple(self.model_copy(update=one) for one in several)

    def resolved(self, folder: Path) -> Self:
        """With what the program says of its version, once its weights were compared with their digest.

        Raises MachineError if the program is not installed, WeightsError if the weights are missing or others.
        """
        from features.images.masks.run_command import version_of

        if self.weights:
            check_weights(self.weights_path(folder), self.weights, self.sha256)
        found = self.model_copy()
        found._said = version_of(self.version)
        return found

    def weights_path(self, folder: Path) -> Path:
        """Where the weights lie. Raises MachineError if an environment variable is not set."""
        unset = [name for name in re.findall(r"\${(\w+)}", self.weights) if not os.environ.get(name)]
        if unset:
            raise MachineError(f'mask: command: set the environment variable {unset[0]} to where "{self.weights}" is')
        return (folder / re.sub(r"\${(\w+)}", lambda match: os.environ[match[1]], self.weights)).resolve()

    def place(self, folder: Path) -> str:
        weights = str(self.weights_path(folder)) if self.weights else ""
        return json.dumps({"weights": weights, "time_limit_s": self.time_limit_s})

    @classmethod
    def read(cls, scan: Scan, image: Volume, opened: Opened) -> tuple[Mask, Sequence[Warned]]:
        """The voxels of its labels. Warns: SEGMENTED.

        Raises Rejected: COMMAND_FAILED, TIMEOUT, MASK_EMPTY (it found nothing), LABEL_ABSENT (other labels only). Raises
        MachineError if the program is not installed here, or is of another version than where the work was planned.
        """
        from features.images.masks.label_voxels import labels_of_text
        from features.images.masks.run_command import Run, run_command

        own, run = cls.of_scan(scan), Run(**json.loads(scan.settings), **json.loads(scan.place))
        labels = opened.computed(scan, {"command": scan.settings}, lambda: run_command(run, image))
        found = np.isin(labels, labels_of_text(scan.roi))
        if not found.any():
            raise Rejected("LABEL_ABSENT", label=scan.roi) if labels.any() else Rejected("MASK_EMPTY")
        return found, (own.told(program=Path(own.command[0]).name),)


def check_weights(path: Path, shown: str, sha256: str) -> None:
    """Raises WeightsError if the weights are missing, or are not those of the digest; it says which digest they have."""
    if not path.exists():
        raise WeightsError(f'mask: command: there are no weights at "{shown}"; get them, or correct the path')
    try:
        found = digest_folder(path)
    except OSError as error:
        raise WeightsError(
            f'mask: command: the weights at "{shown}" cannot be read: {error.strerror or error}'
        ) from error
    if found != sha256:
        what = f"they are not those of the sha256 {sha256}" if sha256 else "no sha256 is declared of them"
        raise WeightsError(
            f'mask: command: of the weights at "{shown}": {what}; if they are meant, say sha256: {found}'
        )
