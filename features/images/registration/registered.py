"""Registered: what a registration found, as plain numbers that can be kept."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from features.core.quarantine import Warned
from features.core.region import Vector
from features.core.registration import TEMPLATE, Registration
from features.images.registration.transform import Transform

DOUBT_MM, DOUBT_PER_MM = 4.0, 0.02  # of the metric where the files put the images


@dataclass(frozen=True, slots=True)
class Registered:
    """Where points of the moving image lie in the fixed one.

    transform: from points of the moving image to those of the fixed one (mm, LPS).
    metric_before, metric: mutual information in nats where the files put the images, and where the transform does.
    overlap: share of the smaller image that lies in the other one. centre_mm: of the fixed image's content.
    shift_mm: by how much the transform moves the point of the moving image that comes to lie there.
    rotation_deg, scales: of the transform; scales are 1 if it is rigid.
    agreement_mm: how far a second search, from a start beside the result, ended from it.
    iterations: of all searches. converged: whether the last one ended by small steps; False never stands alone as a reason.
    """

    transform: Transform
    metric_before: float
    metric: float
    overlap: float
    centre_mm: Vector
    shift_mm: float
    rotation_deg: float
    scales: Vector
    agreement_mm: float
    iterations: int
    converged: bool

    def shift_at(self, point_mm: Vector) -> float:
        """By how many mm a point of the fixed image (such as the centre of a ROI that was drawn there) is moved."""
        return self.transform.inverse().shift_at(point_mm)

    def warnings(self, settings: Registration) -> tuple[Warned, ...]:
        """REGISTRATION_SHIFT, if the middle of the image was moved farther than the catalog expects; REGISTRATION_DOUBT, if it
        was moved by over 4 mm, and the metric rose by less than 2 % for each: images that lay right may have been moved away.
        Where a template lies tells nothing.
        """
        limit, gain = (
            settings.warns_beyond_mm,
            self.metric / self.metric_before - 1 if self.metric_before > 0 else math.inf,
        )
        found = []
        told: dict[str, float | int | str] = {
            "shift_mm": round(self.shift_mm, 2),
            "rotation_deg": round(self.rotation_deg, 2),
        }
        if self.shift_mm > limit:
            message = f"registration moved the image by more than {limit:g} mm"
            found.append(Warned("REGISTRATION_SHIFT", message, {**told, "limit_mm": limit}))
        if settings.to != TEMPLATE and self.shift_mm > DOUBT_MM and gain < DOUBT_PER_MM * self.shift_mm:
            message = "registration moved the image, and both fit hardly better than where the files put them"
            found.append(Warned("REGISTRATION_DOUBT", message, {**told, "gain": round(gain, 4)}))
        return tuple(found)

    def values(self) -> dict[str, float]:
        """All of it by name, to be kept."""
        low, middle, high = self.scales[2], self.scales[1], self.scales[0]
        x, y, z = self.centre_mm
        return {
            **self.transform.values(),
            "metric_before": self.metric_before,
            "metric": self.metric,
            "overlap": self.overlap,
            "centre_x": x,
            "centre_y": y,
            "centre_z": z,
            "shift_mm": self.shift_mm,
            "rotation_deg": self.rotation_deg,
            "scale_high": high,
            "scale_middle": middle,
            "scale_low": low,
            "agreement_mm": self.agreement_mm,
            "iterations": float(self.iterations),
            "converged": float(self.converged),
        }

    @classmethod
    def from_values(cls, values: Mapping[str, float | str]) -> Registered:
        """What `values` gave. Raises KeyError if one is absent."""
        number = {name: float(value) for name, value in values.items()}
        return cls(
            transform=Transform.from_values(values),
            metric_before=number["metric_before"],
            metric=number["metric"],
            overlap=number["overlap"],
            centre_mm=(number["centre_x"], number["centre_y"], number["centre_z"]),
            shift_mm=number["shift_mm"],
            rotation_deg=number["rotation_deg"],
            scales=(number["scale_high"], number["scale_middle"], number["scale_low"]),
            agreement_mm=number["agreement_mm"],
            iterations=int(number["iterations"]),
            converged=bool(number["converged"]),
        )
