"""What networks of follow-up minimise, in torch: Cox's partial likelihood, and the likelihood of events in intervals of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class AtRisk:
    """Cases by falling days. order: (n,) their positions. last: (n,) of each in that order, the last who is at risk on its day.
    event: (n,) whether an event was seen, in that order.
    """

    order: NDArray[np.intp]
    last: NDArray[np.intp]
    event: NDArray[np.bool_]

    @classmethod
    def of(cls, event: NDArray[np.bool_], days: NDArray[np.float64]) -> AtRisk:
        """event, days: (n,) of each case."""
        order = np.argsort(-days, kind="stable")
        last = np.searchsorted(-days[order], -days[order], side="right") - 1
        return cls(order, last, event[order])

    def lost(self, torch: Any, told: Any) -> Any:
        """The summed negative log partial likelihood, with Breslow's ties, of log hazard ratios, (n,)."""
        order, last, event = (torch.from_numpy(one).to(told.device) for one in (self.order, self.last, self.event))
        eta = told[order]
        return (torch.logcumsumexp(eta, 0)[last] - eta)[event].sum()


def interval_loss_sum(torch: Any, odds: Any, code: NDArray[np.int64], counted: NDArray[np.bool_]) -> Any:
    """The summed negative log likelihood of what is seen in intervals, of log odds of each cause against none, (n, J, causes).

    code: (n, J) the cause of an event in the interval, or 0; counted: (n, J) whether the case counts there.
    """
    causes = odds.shape[2]
    events = torch.from_numpy((code[:, :, None] == np.arange(1, causes + 1)).astype(np.float32)).to(odds)
    weight = torch.from_numpy(counted.astype(np.float32)[:, :, None]).to(odds)
    if causes == 1:
        asked = {"weight": weight, "reduction": "sum"}
        return torch.nn.functional.binary_cross_entropy_with_logits(odds, events, **asked)
    free = torch.nn.functional.softplus(
        torch.logsumexp(odds, dim=2, keepdim=True)
    )  # less the log share that stays free
    return (free * weight).sum() - (odds * events).sum()
