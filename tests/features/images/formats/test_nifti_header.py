"""parse_header says of any header what nibabel says; where nibabel mends or refuses, so does a ValueError or the raw number."""

from typing import Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.images.formats.nifti_header import parse_header

KINDS = st.sampled_from([nib.Nifti1Header, nib.Nifti2Header, nib.nifti1.Nifti1PairHeader, nib.nifti2.Nifti2PairHeader])
NUMBERS = st.floats(-2, 2, width=32)
FIELDS = {
    "datatype": st.sampled_from([2, 4, 8, 16, 32, 64, 128, 256, 512, 768, 1024, 1280, 1792, 2304, 0, 1, 1536, 2048, 7]),
    "scl_slope": NUMBERS | st.sampled_from([np.nan, np.inf, 0.0]),
    "scl_inter": NUMBERS | st.sampled_from([np.nan, np.inf]),
    "vox_offset": st.sampled_from([0, 16, 348, 352, 544, 1024]),
    "xyzt_units": st.integers(0, 15),
    "sform_code": st.integers(-1, 7),
    "qform_code": st.integers(-1, 7),
    "quatern_b": NUMBERS,
    "quatern_c": NUMBERS,
    "quatern_d": NUMBERS,
    "qoffset_x": NUMBERS,
}


@st.composite
def headers(draw: Any) -> tuple[Any, bytes]:
    """A header of nibabel's with fields that may be wrong, and its bytes."""
    header = draw(KINDS)(endianness=draw(st.sampled_from("<>")))
    header.set_data_shape(draw(st.lists(st.integers(1, 300), min_size=1, max_size=5)))
    for name, values in FIELDS.items():
        header[name] = draw(values)
    header["pixdim"][:4] = draw(
        st.tuples(st.sampled_from([-1, 0, 1, 3]), *[st.sampled_from([0.5, 1.25, -1.0, 0.0])] * 3)
    )
    header["srow_y"] = draw(st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
    if draw(st.booleans()):
        axes = np.array([header["quatern_b"], header["quatern_c"], header["quatern_d"]], np.float64)
        length = np.linalg.norm(axes) or 1.0
        header["quatern_b"], header["quatern_c"], header["quatern_d"] = (
            axes / length * draw(st.sampled_from([1.0, 0.5]))
        )
    return type(header), header.binaryblock


@settings(deadline=None, max_examples=300)
@given(headers())
def test_a_header_is_read_as_nibabel_reads_it(given_: tuple[Any, bytes]) -> None:
    kind, block = given_
    try:
        theirs = kind(block)
        dtype, (slope, intercept) = theirs.get_data_dtype(), theirs.get_slope_inter()
    except (nib.spatialimages.HeaderDataError, KeyError):
        with pytest.raises(ValueError):
            parse_header(block)
        return
    ours = parse_header(block)
    assert (ours.shape, ours.offset, ours.units) == (
        theirs.get_data_shape(),
        int(theirs["vox_offset"]),
        theirs["xyzt_units"],
    )
    assert ours.dtype.itemsize == dtype.itemsize
    assert dtype.kind == "V" or ours.dtype == dtype
    assert (ours.slope, ours.intercept) == ((1.0, 0.0) if slope is None else (slope, intercept))
    assert (ours.sform_code, ours.qform_code) == (theirs["sform_code"], theirs["qform_code"])
    assert ours.pixdim[1:4] == tuple(kind(block, check=False)["pixdim"][1:4])
    np.testing.assert_array_equal(ours.sform, theirs.get_sform())
    try:
        qform = theirs.get_qform()
    except ValueError:
        with pytest.raises(ValueError):
            ours.qform()
    else:
        np.testing.assert_allclose(ours.qform(), qform, rtol=0, atol=1e-15)


@pytest.mark.parametrize("length", [0, 3, 347])
def test_a_header_that_is_cut_off_is_none(length: int) -> None:
    with pytest.raises(ValueError, match="cut off"):
        parse_header(nib.Nifti1Header().binaryblock[:length])
