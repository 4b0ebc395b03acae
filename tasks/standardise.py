"""Standardise: the landmarks of a cohort's images, each measured by itself, as one file."""

from collections.abc import Sequence
from functools import partial

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.case import Scan
from features.core.errors import RadweaveError
from features.core.kinds.normaliser import BiasCorrection, FittedOn
from features.core.quarantine import Rejected
from features.images.bias import correct_bias
from features.images.normalisers.nyul import fit_landmarks, image_landmarks, landmarks_file
from features.images.region import read_region
from features.results.attempt import attempt
from tasks.running.pool import Pool


@task(name="standardise", cache_policy=NO_CACHE, persist_result=False)
def find_landmarks(scans: Sequence[Scan], origin: FittedOn, pool: Pool) -> tuple[bytes, list[Rejected]]:
    """The file of the landmarks of the scans' images, and why images were left out. An image of several lesions counts once.

    Raises RadweaveError if fewer than two images have landmarks.
    """
    images: dict[str, Scan] = {}
    for scan in sorted(scans, key=lambda scan: scan.sort_key):
        images.setdefault(scan.image.digest, scan)
    chosen = list(images.values())
    measured = pool.map(
        partial(_landmarks_of, bias_correction=origin.bias_correction), chosen, f"{origin.cohort}: landmarks"
    )
    found = {str(scan.case): one for scan, one in zip(chosen, measured, strict=True) if not isinstance(one, Rejected)}
    if len(found) < 2:
        centres = f" (centres {', '.join(origin.centres)})" if origin.centres else ""
        raise RadweaveError(
            f'landmarks need two {origin.modality} images in {origin.unit} units; cohort "{origin.cohort}"{centres} has '
            f"{len(found)} that can be used"
        )
    left_out = [one for one in measured if isinstance(one, Rejected)]
    return landmarks_file(fit_landmarks(list(found.values())), origin, found), left_out


def _landmarks_of(scan: Scan, bias_correction: BiasCorrection | None) -> tuple[float, ...] | Rejected:
    def measure() -> tuple[float, ...]:
        image = read_region(scan).volume
        image = correct_bias(image, bias_correction) if bias_correction else image
        return tuple(image_landmarks(image.intensities).tolist())

    return attempt(measure)
