"""Gene expression: two hundred genes, twenty of which load on the hidden state."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GENES = tuple(f"GENE_{i:03d}" for i in range(200))
INFORMATIVE = 20
LOADING = 0.7


@dataclass(frozen=True, slots=True, eq=False)
class Genome:
    """What all centres share: each gene's mean (log2 expression) and its loading on the state (0 for most, else ±0.7)."""

    mean: NDArray[np.float64]
    loading: NDArray[np.float64]

    @property
    def informative(self) -> tuple[str, ...]:
        """Names of the genes that load on the state."""
        return tuple(name for name, loading in zip(GENES, self.loading, strict=True) if loading)

    def express(self, state: float, rng: np.random.Generator) -> NDArray[np.float64]:
        """log2 expression of a tumour, one value a gene, noise sd 1, three decimals."""
        return np.round(self.mean + self.loading * state + rng.standard_normal(len(GENES)), 3)


def draw_genome(rng: np.random.Generator) -> Genome:
    """Means and loadings by seed."""
    loading = np.zeros(len(GENES))
    chosen = rng.choice(len(GENES), INFORMATIVE, replace=False)
    loading[chosen] = LOADING * rng.choice([-1.0, 1.0], INFORMATIVE)
    return Genome(mean=rng.normal(7.0, 1.5, len(GENES)), loading=loading)
