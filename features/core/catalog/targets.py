"""targets_of: the images and ROIs of a cohort that a recipe measures, as the catalog declares them: what its columns are of."""

from __future__ import annotations

from collections.abc import Iterable

from features.core.case import Target, target_of
from features.core.catalog.catalog import Cohort
from features.core.catalog.image_source import DicomSource, FileSource
from features.core.errors import RadweaveError
from features.core.kinds.recipe import Recipe


def declared_targets(cohort: Cohort) -> dict[Target, tuple[DicomSource | FileSource, ...]]:
    """Every image and ROI that the sources of a cohort declare, in their order, with the sources that give it."""
    found: dict[Target, tuple[DicomSource | FileSource, ...]] = {}
    for source in cohort.sources:
        for roi, is_of_reader in _rois(cohort, source):
            target = target_of(source.image_name, roi, source.modality, is_of_reader)
            found[target] = (*found.get(target, ()), source)
    return found


def targets_of(cohort: Cohort, recipe: Recipe) -> tuple[Target, ...]:
    """The images and ROIs of a cohort that a recipe measures; none if it fits no image, or no image has the ROIs it needs."""
    return recipe.targets(
        target
        for target, sources in declared_targets(cohort).items()
        if any((source.modality, source.unit) == (recipe.modality, recipe.unit) for source in sources)
    )


def one_image(cohort: Cohort, recipe: Recipe) -> Target:
    """The first target of the one image that a recipe measures. Raises RadweaveError if it fits several images of the cohort."""
    images = {target.image: target for target in reversed(targets_of(cohort, recipe))}
    if len(images) > 1:
        words = sorted(images)
        raise RadweaveError(
            f"recipe {recipe.name} fits the images {', '.join(words)}, and these are not to be mixed; name one in the recipe, "
            f"as images: [{words[0]}]"
        )
    (found,) = images.values()
    return found


def regions_of(cohort: Cohort, recipes: Iterable[Recipe]) -> tuple[Target, ...]:
    """The images and ROIs, as the catalog declares them, that recipes measure: of regions of several ROIs each of these. Sorted."""
    found: set[Target] = set()
    for recipe in recipes:
        words = {word for roi in recipe.roi.rois for word in roi.words}
        images = {target.image for target in targets_of(cohort, recipe)}
        found |= {
            target
            for target in declared_targets(cohort)
            if target.image in images and (target.roi in words if words else not target.is_of_reader)
        }
    return tuple(sorted(found))


def _rois(cohort: Cohort, source: DicomSource | FileSource) -> list[tuple[str, bool]]:
    """The words of a source's ROIs, and whether they are one reader's; of a mask of another image those that it takes over."""
    if source.steps or source.mask.kind != "of":
        return [(source.roi_name, bool(getattr(source.mask, "reader", "")))]
    image, words = str(getattr(source.mask, "image")), getattr(source.mask, "rois")  # noqa: B009
    drawn = [one for one in cohort.sources if one.centre == source.centre and one.image_name.lower() == image.lower()]
    own = [roi for one in drawn if one.steps or one.mask.kind != "of" for roi in _rois(cohort, one)]
    return [roi for roi in dict.fromkeys(own) if not words or roi[0] in words]
