"""Prepared: columns of one fold as fitted steps make them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tasks.modelling.evaluation.fitted_table import Chain, side_by_side
from tasks.modelling.models.model import NUMERICAL, Model
from tasks.modelling.preprocessing.step import FittedStep
from tasks.modelling.rows import Floats, Rows


@dataclass(frozen=True, eq=False)
class Prepared:
    """train: the training rows. tested: the test rows, or why a step does not take them: that costs predictions, and no fit.

    chains: the steps of all columns, or of each block. sizes: how many columns each block has, where there are several.
    """

    chains: tuple[Chain, ...]
    train: Rows
    tested: Rows | Exception
    sizes: tuple[int, ...] = ()

    @property
    def test(self) -> Rows:
        """The test rows. Raises what a step raised, such as FitError for a centre that it was not fitted on."""
        if isinstance(self.tested, Exception):
            raise self.tested
        return self.tested

    def after(self, step: FittedStep) -> Prepared:
        """What one more step makes of it. Raises what the step raises for training rows."""
        chain = self.chains[0]
        chain = Chain(chain.columns, (*chain.steps, step))
        train, tested = step.apply(self.train), self.tested
        try:
            tested = step.apply(self.test)
        except NUMERICAL as error:
            tested = error
        return Prepared((chain,), train, tested)

    @classmethod
    def joined(cls, parts: Sequence[Prepared]) -> Prepared:
        """Blocks side by side, each divided by the root of its number of columns.

        The spread of all columns together stays, so that penalties mean what they did.
        """
        sizes = np.array([len(one.train.columns) for one in parts])
        factors = np.sqrt(sizes.mean() / sizes).tolist()
        chains = tuple(
            Chain(chain.columns, chain.steps, factor)
            for one, factor in zip(parts, factors, strict=True)
            for chain in one.chains
        )
        tested = [one.tested for one in parts if not isinstance(one.tested, Exception)]
        failed = [one.tested for one in parts if isinstance(one.tested, Exception)]
        return cls(
            chains,
            _weighed([one.train for one in parts], factors),
            failed[0] if failed else _weighed(tested, factors),
            tuple(sizes.tolist()),
        )

    def factors(self, model: Model) -> Floats:
        """What makes weights of columns, (p,), those of columns before they were divided by block."""
        if model.scale_free or not self.sizes:
            return np.ones(len(self.train.columns))
        return np.repeat([chain.factor for chain in self.chains], self.sizes)


def _weighed(blocks: Sequence[Rows], factors: Sequence[float]) -> Rows:
    return side_by_side([rows.with_values(rows.X * factor) for rows, factor in zip(blocks, factors, strict=True)])
