"""PartOfBlock: some columns of a block, by what they were measured with and on, that a study's sets name as they name blocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from features.core.catalog.catalog import Word
from features.core.errors import RadweaveError, hint_sentence
from features.core.frozen import Frozen
from features.core.images import IMAGES
from features.fusion.column_facts import Facts

MEASURED = ("radiomics", "deep", "region", "delta", IMAGES)  # blocks of which recipe, image and ROI are known
Words = Annotated[tuple[str, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)]
_BY = {"recipes": "recipe", "images": "image", "rois": "roi", "families": "family", "filters": "filter"}
_OF_IMAGES = ("recipes", "images", "rois")


class PartOfBlock(Frozen):
    """The columns of a block that are of one of each of the words that are given; * and ? stand for any letters.

    The changes of a column (block delta) are of what the column is of. A part of the block images is what one recipe shows of one
    ROI, by recipes, images and rois.
    """

    of: Word = Field(description="block that the columns are of, such as radiomics")
    recipes: Words = Field((), description="recipes that measured them")
    images: Words = Field((), description="words of the images that they were measured on")
    rois: Words = Field((), description="words of the ROIs that they were measured in")
    families: Words = Field((), description="feature families, such as firstorder or glcm, or networks")
    filters: Words = Field((), description="derived images, such as original or wavelet*; of networks the samplings")
    columns: Words = Field((), description="names of columns, such as *_Mean or genomic__CD8*")

    @model_validator(mode="after")
    def check_names_something(self) -> PartOfBlock:
        asked = [name for name in (*_BY, "columns") if getattr(self, name)]
        if not asked:
            raise ValueError(f"a part says which columns: by {', '.join(_BY)} or columns")
        if self.of == IMAGES and (wrong := [name for name in asked if name not in _OF_IMAGES]):
            raise ValueError(f"images have no {wrong[0]}: say which by {', '.join(_OF_IMAGES)}")
        if asked != ["columns"] and self.of not in MEASURED:
            raise ValueError(f"columns of {self.of} were not measured by recipes: name them by `columns`")
        return self

    def shows(self, one: Mapping[str, str]) -> bool:
        """Whether what a recipe shows of a ROI is of it. one: its recipe, image and roi."""
        asked = ((one[name], getattr(self, key)) for key, name in _BY.items() if key in _OF_IMAGES)
        return all(not wanted or any(fnmatchcase(own, word) for word in wanted) for own, wanted in asked)

    def chosen(self, blocks: Mapping[str, str], facts: Mapping[str, Facts]) -> list[str]:
        """Those of the columns that are part of it. blocks: column → block; facts: of columns, as `column_facts` gives them.

        Raises RadweaveError if there are none, with the word that nothing is of.
        """
        own = [column for column, block in blocks.items() if block == self.of]
        for key, name in _BY.items():
            wanted = getattr(self, key)
            if wanted:
                own = _kept(wanted, {column: facts[column][name] for column in own if column in facts}, key, self.of)
        if self.columns:
            own = _kept(self.columns, {column: column for column in own}, "columns", self.of)
        return own


def block_of_word(word: str, parts: Mapping[str, PartOfBlock]) -> str:
    """The block of a word of a set of blocks: of a part the one that it is of, else the word itself."""
    return parts[word].of if word in parts else word


def check_apart(
    name: str, words: Collection[str], parts: Mapping[str, Collection[str]], blocks: Mapping[str, str]
) -> None:
    """Raises RadweaveError if a column stands twice in a set of blocks, by two of its words. parts: word → its columns."""
    seen: dict[str, str] = {}
    for word in words:
        for column in parts.get(word, [column for column, block in blocks.items() if block == word]):
            if column in seen:
                raise RadweaveError(
                    f'the set "{name}" has the column {column} twice, of {seen[column]} and of {word}: leave one of them out'
                )
            seen[column] = word


def _kept(wanted: Collection[str], known: Mapping[str, str], key: str, block: str) -> list[str]:
    """Columns whose word matches one that is wanted; each has to match one at least."""
    there = sorted(set(known.values()))
    for word in wanted:
        if not any(fnmatchcase(one, word) for one in there):
            few = there[:12] if key != "columns" else there[:3]
            has = f"there are {', '.join(few)}{' …' if len(there) > len(few) else ''}" if there else "there are none"
            raise RadweaveError(
                f'of the block {block} nothing is of "{word}" in {key}; {has}. {hint_sentence(word, there)}'.strip()
            )
    return [column for column, own in known.items() if any(fnmatchcase(own, word) for word in wanted)]
