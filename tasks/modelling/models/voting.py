"""Voting: an ensemble of candidates."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from features.core.kinds.compared import Compared
from features.core.kinds.registry import Kind
from tasks.modelling.members import FittedEnsemble, Member, alike, fit_members, kinds_of
from tasks.modelling.models.model import Model, Settings
from tasks.modelling.rows import Rows
from tasks.modelling.target import Target
from tasks.modelling.unnamed_members import unnamed_members


class Voting(Model):
    """The mean of several candidates, each with its own steps; nothing is chosen among them.

    Of a member with several settings, of steps or of its model, all are fitted and count alike; so do members. Risks are brought
    to one spread first, that of the training cases; probabilities, numbers and curves are averaged as they are. A member that
    cannot be fitted is left out, which is said. Weights of columns are mean shares, without a sign; none where a member has none.
    Dietterich, Multiple Classifier Systems 2000;1.
    """

    kind: Literal["voting"] = "voting"
    compared: ClassVar[Compared] = Compared(
        "VotingClassifier of scikit-learn, of three classes of WORC-Lipo",
        "1e-6",
        "tasks/modelling/models/test_voting.py",
    )
    endpoints: ClassVar[frozenset[str]] = frozenset(
        {"binary", "multiclass", "multilabel", "ordinal", "continuous", "survival", "competing_risks"}
    )
    steps: ClassVar[tuple[Settings, ...]] = ()
    scale_free: ClassVar[bool] = True
    models: tuple[Member, ...] = Field(
        (),
        title="Models",
        description="kinds of models, with settings, or with steps of their own, as a study names them; none: of two classes five "
        "views of the columns (docs/models.md), else the usual ones of the endpoint",
    )

    @property
    def predictable(self) -> frozenset[str]:
        return self.endpoints.intersection(*(one.model.predictable for one in self.models))

    def members(self, endpoint: str) -> tuple[Kind, ...]:
        return kinds_of(self.models or unnamed_members(endpoint))

    def fit(self, rows: Rows, target: Target, seed: int) -> FittedEnsemble:
        """Raises FitError for a member that cannot predict the endpoint, or where none can be fitted."""
        members = self.models or unnamed_members(target.endpoint.kind)
        return alike(dict(fit_members(self.kind, members, rows, target, seed)), rows, target)
