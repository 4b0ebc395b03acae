"""Facts of a ROI that a registration brought to its image: columns of the region block, and their values."""

from __future__ import annotations

from features.core.column import Column
from features.core.region import Vector
from features.images.registration.registered import Registered

ADDRESS = "registration__result"  # so named, it is known as the address of a result that the table needs

REGISTRATION_COLUMNS: tuple[Column, ...] = (
    Column("drawn_on", "string", "Image that the ROI was drawn on and registered to", role="fact"),
    Column(
        "registration_metric",
        "float64",
        "Mutual information of both images after registration",
        role="fact",
        unit="nat",
    ),
    Column(
        "registration_metric_before",
        "float64",
        "Mutual information where the files put both images",
        role="fact",
        unit="nat",
    ),
    Column(
        "registration_shift_mm",
        "float64",
        "By how much registration moved the middle of the ROI",
        role="fact",
        unit="mm",
    ),
    Column(
        "registration_image_shift_mm",
        "float64",
        "By how much registration moved the middle of the image that the ROI was drawn on",
        role="fact",
        unit="mm",
    ),
    Column(
        "registration_rotation_deg", "float64", "By how much registration turned the image", role="fact", unit="degree"
    ),
    Column(ADDRESS, "string", "address of the registration of the image pair", role="fact"),
)


def registration_facts(found: Registered, image_name: str, centre_mm: Vector, address: str) -> dict[str, float | str]:
    """A value for each of REGISTRATION_COLUMNS. centre_mm: of the ROI, on the image that it was drawn on."""
    return {
        "drawn_on": image_name,
        "registration_metric": found.metric,
        "registration_metric_before": found.metric_before,
        "registration_shift_mm": found.shift_at(centre_mm),
        "registration_image_shift_mm": found.shift_mm,
        "registration_rotation_deg": found.rotation_deg,
        ADDRESS: address,
    }
