"""Descriptors of a network's maps as a Fisher vector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from features.core.errors import FitError
from features.core.kinds.compared import Compared
from features.deep.descriptor_names import Descriptor, read_descriptor
from tasks.modelling.preprocessing.encode.codebook.codebook import Codebook, fit_codebook, principal_axes
from tasks.modelling.preprocessing.step import FittedStep, Stage, Step
from tasks.modelling.rows import Columns, Floats, Names, Rows
from tasks.modelling.target import Target


class FisherVector(Step):
    """The columns of the pooling `descriptors` become how a case's descriptors differ from those of all training cases.

    Of each view and layer: principal axes and a mixture of Gaussians with diagonal covariances are fitted to the descriptors
    of all places of the training rows; a row becomes the gradients of its likelihood by means and standard deviations, as
    signed roots of length one. Other columns stay. A place of which a step before dropped columns, such as a corner that shows
    the same of every case, is left out. Li et al., Sci Rep 2017;7:5467; Perronnin et al., ECCV 2010.
    """

    kind: Literal["fisher_vector"] = "fisher_vector"
    compared: ClassVar[Compared] = Compared(
        "a plain sum of the equations of Sánchez 2013",
        "1e-10",
        "tasks/modelling/preprocessing/encode/test_fisher_vector.py",
    )
    stage: ClassVar[Stage] = "encode"
    makes_columns: ClassVar[bool] = True
    tuned: ClassVar[tuple[str, ...]] = ("components",)

    components: tuple[PositiveInt, ...] = Field(
        (4, 16), min_length=1, description="how many Gaussians the mixture has; inner folds choose"
    )
    dimensions: PositiveInt = Field(16, description="at most so many principal axes of the descriptors are used")

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedFisherVector:
        return self.fit_variants(rows, target, seed, [self])[0]

    def fit_variants(self, rows: Rows, target: Target, seed: int, variants: Sequence[Self]) -> list[FittedFisherVector]:  # type: ignore[override]  # noqa: ARG002
        """Axes are found once. Raises FitError for missing values, and where descriptors are too few or do not vary."""
        bags, kept = _bags_of(rows.columns)
        axes = [principal_axes(_descriptors(rows, bag).reshape(-1, bag.dimensions), self.dimensions) for bag in bags]
        found = []
        for one in variants:
            books = tuple(
                fit_codebook(_descriptors(rows, bag).reshape(-1, bag.dimensions), *own, one.components[0], seed)
                for bag, own in zip(bags, axes, strict=True)
            )
            found.append(FittedFisherVector(kept, bags, books))
        return found


@dataclass(frozen=True, eq=False)
class Bag:
    """The descriptors of a view and layer. places: (T, D) positions of their columns; block: of these; left_out: places
    of which a step before dropped some columns.
    """

    group: str
    block: str
    places: NDArray[np.intp]
    left_out: int

    @property
    def dimensions(self) -> int:
        return int(self.places.shape[1])


@dataclass(frozen=True, eq=False)
class FittedFisherVector(FittedStep):
    """kept: positions of the columns that are no descriptors. books: one for each bag."""

    kept: NDArray[np.intp]
    bags: tuple[Bag, ...]
    books: tuple[Codebook, ...]

    def apply(self, rows: Rows) -> Rows:
        """Each row for itself. Raises FitError for missing values among the descriptors."""
        if not self.bags:
            return rows
        stay = rows.keep(self.kept)
        parts, columns = [stay.X], [stay.columns]
        for bag, book in zip(self.bags, self.books, strict=True):
            parts.append(np.array([book.encode(one) for one in _descriptors(rows, bag)]).reshape(len(rows), book.size))
            columns.append(Columns(_names(bag, book), np.full(book.size, bag.block)))
        return replace(rows, X=np.hstack(parts), columns=Columns.joined(columns))

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kept": self.kept}
        for bag, book in zip(self.bags, self.books, strict=True):
            found |= {
                f"{bag.group}.{one.name}": getattr(part, one.name) for part in (bag, book) for one in fields(part)
            }
        return found

    def notes(self) -> Counter[str]:
        """Which places lost some of their columns and are left out, and which mixtures did not settle."""
        found = Counter[str]()
        for bag, book in zip(self.bags, self.books, strict=True):
            if bag.left_out:
                found[f"fisher_vector: places of {bag.group} that lost columns to a step before are left out"] = (
                    bag.left_out
                )
            if not book.converged:
                found[f"fisher_vector: the mixture of {bag.group} did not settle in its rounds"] = 1
        return found


def _bags_of(columns: Columns) -> tuple[tuple[Bag, ...], NDArray[np.intp]]:
    """The bags that there are, by name, and the positions of the other columns. Raises FitError if no place of one is whole."""
    of_group: dict[str, dict[tuple[int, int], int]] = {}
    kept = []
    for i, name in enumerate(columns.names.tolist()):
        known: Descriptor | None = read_descriptor(name)
        if known is None:
            kept.append(i)
        else:
            of_group.setdefault(known.group, {})[known.place, known.dimension] = i
    bags = []
    for group, cells in sorted(of_group.items()):
        dimensions, there = sorted({d for _, d in cells}), sorted({place for place, _ in cells})
        whole = [place for place in there if all((place, d) in cells for d in dimensions)]
        if not whole:
            raise FitError(
                f"fisher_vector: of {group} no place has all of its columns; put it before steps that drop some"
            )
        places = np.array([[cells[place, d] for d in dimensions] for place in whole], np.intp)
        bags.append(Bag(group, str(columns.blocks[places[0, 0]]), places, len(there) - len(whole)))
    return tuple(bags), np.array(kept, np.intp)


def _descriptors(rows: Rows, bag: Bag) -> Floats:
    """(n, T, D). Raises FitError for missing or infinite values."""
    found = rows.X[:, bag.places]
    if not np.isfinite(found).all():
        raise FitError(f"fisher_vector: missing or infinite values in {bag.group}; put median before it")
    return found


def _names(bag: Bag, book: Codebook) -> Names:
    components, dimensions = book.means.shape
    endings = [f"{part}{k:02d}_d{d:02d}" for part in "ms" for k in range(components) for d in range(dimensions)]
    return np.array([f"{bag.group}_fv_{ending}" for ending in endings])
