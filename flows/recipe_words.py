"""word_faults: words of images and ROIs in a recipe that no cohort of the catalog declares."""

from collections.abc import Iterable
from pathlib import Path

from features.core.catalog.catalog import Catalog
from features.core.catalog.targets import declared_targets
from features.core.errors import Fault, did_you_mean
from features.core.kinds.recipe import Recipe
from features.core.yaml import Document


def word_faults(catalog: Catalog, recipe: Recipe, file: Path) -> list[Fault]:
    """What a recipe names and no cohort has; nothing if the catalog has no image of its modality and unit.

    Without it a word that is spelled wrong would leave out an image or a region, and nobody would be told. file: the recipe's.
    """
    there = [
        target
        for name in catalog.cohorts
        for target, sources in declared_targets(catalog.cohort(name)).items()
        if any((source.modality, source.unit) == (recipe.modality, recipe.unit) for source in sources)
    ]
    if not there:
        return []
    document = Document.load(file) if file.is_file() else Document.given(f"recipe {recipe.name}", {})
    faults: list[Fault] = []

    def known(key: str, what: str, word: str, words: Iterable[str]) -> None:
        allowed = sorted({*words})
        if word not in allowed:
            what = f"the catalog declares no {what} for {recipe.modality} in {recipe.unit}"
            found = Fault(document.where((key,)), what, f'"{word}"', ", ".join(allowed), did_you_mean(word, allowed))
            faults.append(found)

    for key, words in (("images", recipe.images), ("channels", recipe.channels)):
        for word in words:
            known(key, "image of this word", word, (target.image.lower() for target in there))
    for word in dict.fromkeys(word for roi in recipe.roi.rois for word in roi.words):
        known("roi", "ROI of this word", word, (target.roi for target in there))
    return faults
