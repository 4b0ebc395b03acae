"""NiftiHeader: what the header of a NIfTI-1 or -2 file says, read from its first bytes.

Not nibabel's: that imports all of pydicom, a tenth of what a short `radweave extract` costs. A test holds both beside each
other. Source: nifti1.h and nifti2.h of the NIfTI Data Format Working Group.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Order = Literal["<", ">"]
LONGEST = 540  # bytes of a header
PAIR, SINGLE = b"ni", b"n+"  # how the magic begins
_FIRST_VOXEL = {1: 352, 2: 544}  # of a single file, or later
_DTYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
    32: "c8", 1792: "c16", 128: "V3", 2304: "V4",  # complex; colours
}  # fmt: skip
_FORM_CODES = frozenset(range(6))  # what a form maps to: scanner, aligned, Talairach, ...; 0: nothing
_WHOLE_TURN = 3 * 2.0**-23  # of single precision: a quaternion that is longer than 1 by more is none
_EOL = (bytes(4), b"\r\n\x1a\n")  # of NIfTI-2: what a transfer as text would have damaged

_NIFTI1: dict[str, tuple[str, int]] = {
    "dim": ("8i2", 40), "datatype": ("i2", 70), "pixdim": ("8f4", 76), "vox_offset": ("f4", 108), "scl_slope": ("f4", 112),
    "scl_inter": ("f4", 116), "xyzt_units": ("u1", 123), "qform_code": ("i2", 252), "sform_code": ("i2", 254),
    "quatern": ("3f4", 256), "qoffset": ("3f4", 268), "srow": ("(3,4)f4", 280), "magic": ("S4", 344),
}  # fmt: skip
_NIFTI2: dict[str, tuple[str, int]] = {
    "magic": ("S4", 4), "eol": ("V4", 8), "datatype": ("i2", 12), "dim": ("8i8", 16), "pixdim": ("8f8", 104),
    "vox_offset": ("i8", 168), "scl_slope": ("f8", 176), "scl_inter": ("f8", 184), "qform_code": ("i4", 344),
    "sform_code": ("i4", 348), "quatern": ("3f8", 352), "qoffset": ("3f8", 376), "srow": ("(3,4)f8", 400),
    "xyzt_units": ("i4", 500),
}  # fmt: skip


class Layout(NamedTuple):
    """Where the fields of a version are."""

    version: int
    size: int
    fields: dict[str, tuple[str, int]]

    def dtype(self, order: Order) -> np.dtype[Any]:
        formats = [np.dtype(kind).newbyteorder(order) for kind, _ in self.fields.values()]
        offsets = [place for _, place in self.fields.values()]
        return np.dtype({"names": [*self.fields], "formats": formats, "offsets": offsets, "itemsize": self.size})


@dataclass(frozen=True, eq=False)
class NiftiHeader:
    """shape: of all axes, as they are counted in the file (x first). dtype: of a voxel in the file. offset: bytes before the
    first voxel; 0 where it is not said. slope, intercept: of stored values; 1 and 0 where they are not scaled. pixdim: the eight
    numbers of the file, unmended. sform_code, qform_code: 0 where the code is not one of NIfTI's.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    slope: float
    intercept: float
    pixdim: tuple[float, ...]
    units: int
    sform_code: int
    qform_code: int
    sform: NDArray[np.float64]
    quaternion: NDArray[np.float64]
    offset_mm: NDArray[np.float64]
    is_pair: bool

    def qform(self) -> NDArray[np.float64]:
        """The affine (4, 4) of the quaternion, pixdim (0 counts as 1) and offset. Raises ValueError if it is no rotation."""
        b, c, d = np.asarray(self.quaternion, np.longdouble)
        square = 1 - (b * b + c * c + d * d)
        if not square > -_WHOLE_TURN:
            raise ValueError("the quaternion is longer than 1")
        a = np.sqrt(square) if square >= _WHOLE_TURN else np.longdouble(0)
        s = 2 / (a * a + b * b + c * c + d * d)
        rotation = np.array(
            [
                [1 - s * (c * c + d * d), s * (b * c - a * d), s * (b * d + a * c)],
                [s * (b * c + a * d), 1 - s * (b * b + d * d), s * (c * d - a * b)],
                [s * (b * d - a * c), s * (c * d + a * b), 1 - s * (b * b + c * c)],
            ]
        )
        found = np.eye(4)
        x, y, z = (abs(value) or 1.0 for value in self.pixdim[1:4])
        found[:3, :3] = rotation * np.array([x, y, -z if self.pixdim[0] == -1 else z])
        found[:3, 3] = self.offset_mm
        return found


def parse_header(start: bytes) -> NiftiHeader:
    """The header that a file begins with. Raises ValueError if it is none, or says what NIfTI does not know."""
    lengths = int.from_bytes(start[:4], "little"), int.from_bytes(start[:4], "big")
    layout = Layout(2, 540, _NIFTI2) if 540 in lengths else Layout(1, 348, _NIFTI1)
    if len(start) < layout.size:
        raise ValueError("the header is cut off")
    order: Order = "<"
    found = _record(start, layout, order)
    if not 0 <= int(found["dim"][0]) <= 7 or (found["dim"][0] == 0 and lengths[1] == layout.size):
        order = ">"
        found = _record(start, layout, order)
    magic = bytes(found["magic"])
    if magic not in (PAIR + b"%d" % layout.version, SINGLE + b"%d" % layout.version):
        raise ValueError("the magic is not one of NIfTI's")
    if layout.version == 2 and bytes(found["eol"]) not in _EOL:
        raise ValueError("the file went through a transfer as text")
    axes, code, offset = int(found["dim"][0]), int(found["datatype"]), float(found["vox_offset"])
    if not 0 <= axes <= 7 or code not in _DTYPES:
        raise ValueError("the axes or the type of voxels are not of NIfTI")
    if not np.isfinite(offset) or (magic.startswith(SINGLE) and 0 < offset < _FIRST_VOXEL[layout.version]):
        raise ValueError("the first voxel lies in the header")
    slope, intercept = float(found["scl_slope"]), float(found["scl_inter"])
    is_scaled = slope != 0 and np.isfinite(slope)
    if is_scaled and not np.isfinite(intercept):
        raise ValueError("the intercept is no number")
    codes = [int(found[name]) if int(found[name]) in _FORM_CODES else 0 for name in ("sform_code", "qform_code")]
    return NiftiHeader(
        shape=tuple(int(length) for length in found["dim"][1 : 1 + axes]),
        dtype=np.dtype(_DTYPES[code]).newbyteorder(order),
        offset=int(found["vox_offset"]),
        slope=slope if is_scaled else 1.0,
        intercept=intercept if is_scaled else 0.0,
        pixdim=tuple(float(value) for value in found["pixdim"]),
        units=int(found["xyzt_units"]),
        sform_code=codes[0],
        qform_code=codes[1],
        sform=np.vstack([found["srow"].astype(np.float64), np.eye(4)[3]]),
        quaternion=found["quatern"].astype(np.float64),
        offset_mm=found["qoffset"].astype(np.float64),
        is_pair=magic.startswith(PAIR),
    )


def _record(start: bytes, layout: Layout, order: Order) -> Any:
    return np.frombuffer(start, layout.dtype(order), 1)[0]
