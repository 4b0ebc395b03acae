"""All faults: importing this module fills the registry."""

from tests.corpus import (  # noqa: F401
    dicom_faults,
    file_faults,
    mask_faults,
    rtstruct_faults,
    security_faults,
    seg_faults,
    series_faults,
    unit_faults,
    visit_faults,
    word_faults,
)
from tests.corpus.registry import FAULTS as FAULTS
