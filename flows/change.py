"""Change: what a run replaces in a study, as the form of the UI asks for it; and whether the changed study fits the catalog."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from features.core.catalog.catalog import Catalog
from features.core.catalog.ready_table import BUILT_IN
from features.core.errors import RadweaveError, hint_sentence
from features.core.images import IMAGES
from features.core.kinds.endpoint import Timed
from features.core.kinds.recipe import Recipe
from features.fusion.signature_columns import BLOCK
from tasks.modelling.evaluation.study import Study, signatures_of
from tasks.modelling.models.model import models_of
from tasks.modelling.splits.split import Split
from tasks.modelling.study_settings import StudySettings

if TYPE_CHECKING:
    from flows.serving.study_form import Aim


@dataclass(frozen=True)
class Change:
    """What a run replaces in a study; nothing by default. A set of blocks is named after its blocks.

    external: cohorts that are external in this run; those of them that the study trains on leave its cohorts. others: further keys
    of a study with their values.
    """

    aim: "Aim | None" = None
    blocks: tuple[tuple[str, ...], ...] = ()
    splits: tuple[Split, ...] = ()
    seed: int | None = None
    external: tuple[str, ...] = ()
    others: Mapping[str, Any] = field(default_factory=dict)

    def of(self, plan: StudySettings) -> StudySettings:
        """The changed study. Raises RadweaveError if it contradicts itself, or lacks what would be changed."""
        if not isinstance(plan, Study):
            return self._of_association(plan)
        new: dict[str, object] = {}
        if self.aim is not None:
            new["endpoint"] = self.aim.endpoint()
            new |= {"models": self.aim.models()} if self.aim.models() else {}
            if self.aim.endpoint() != plan.endpoint:  # the title says what the study predicts
                new["title"] = f"{plan.title or plan.name}: {self.aim.endpoint()} instead of {plan.endpoint}"
        if self.blocks:
            sets = [tuple(dict.fromkeys(blocks)) for blocks in self.blocks]
            new["blocks"] = {"_".join(blocks): blocks for blocks in sets}
            new |= {} if any(BLOCK in blocks for blocks in sets) else {"signatures": {}}
        new |= {"splits": self.splits} if self.splits else {}
        new |= {} if self.seed is None else {"seed": self.seed}
        new |= self.others
        if "effects" in new:
            raise RadweaveError(
                f"study {plan.name}: it predicts, and effects belong to a study that reports associations"
            )
        if compared := self.others.get("comparisons"):
            new["comparisons"] = {**plan.comparisons.model_dump(), **compared}
        if self.others.get("visits") == "one":  # then nobody is scored at one of several visits
            new["scored_visit"] = None
        if self.external:
            new |= {"external": self.external, "cohorts": tuple(c for c in plan.cohorts if c not in self.external)}
        settings = {name: getattr(plan, name) for name in Study.model_fields} | new
        try:
            return Study.model_validate(settings)
        except ValidationError as error:
            faults = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
            raise RadweaveError(f"study {plan.name} with what the run changes: {faults}") from error

    def _of_association(self, plan: StudySettings) -> StudySettings:
        """An association study with other blocks or effects; whatever belongs to a prediction cannot be changed in it."""
        given = {
            "an endpoint and models": self.aim,
            "splits": self.splits,
            "external cohorts": self.external,
            "a seed": self.seed,
            **{name: value for name, value in self.others.items() if name != "effects"},
        }
        if asked := [name for name, value in given.items() if value not in (None, ())]:
            raise RadweaveError(
                f"study {plan.name} is an association study, which predicts nothing: it has no place for {', '.join(asked)}; "
                "allowed: blocks and effects"
            )
        blocks = tuple(dict.fromkeys(block for blocks in self.blocks for block in blocks))
        new = {name: value for name, value in (("blocks", blocks), ("effects", self.others.get("effects"))) if value}
        if not new:
            return plan
        try:
            return type(plan).model_validate({**plan.model_dump(), **new})
        except ValidationError as error:
            faults = "; ".join(fault["msg"].removeprefix("Value error, ") for fault in error.errors())
            raise RadweaveError(f"study {plan.name} with what the run changes: {faults}") from error


def check_change(plan: StudySettings, recipes: Sequence[Recipe], catalog: Catalog) -> None:
    """Raises RadweaveError if a changed study asks for what its cohorts or its recipes do not have."""
    if isinstance(plan, Study):
        for name in plan.all_cohorts:
            _check_aim(plan, name, catalog)
    offered = {extractor.study_block for recipe in recipes for extractor in recipe.extractors}
    words = known_blocks(plan, catalog)
    for block in sorted(plan.used_blocks):
        if block in ("radiomics", "deep", IMAGES) and block not in offered:
            has = f"which give {', '.join(sorted(offered))}" if recipes else "of which it has none"
            raise RadweaveError(f'study {plan.name}: the block "{block}" comes from none of its recipes, {has}')
        if block == "region" and not recipes:
            raise RadweaveError(f'study {plan.name}: the block "region" needs a recipe, and the study has none')
        if block not in words:
            there = f"there are {', '.join(words)}. {hint_sentence(block, words)}".strip()
            raise RadweaveError(f'study {plan.name}: its cohorts have no block "{block}"; {there}')
        tables = sorted({table.block for name in plan.cohorts for table in catalog.cohort(name).tables})
        if block in ("clinical", "genomic") and block not in tables:
            has = f"only of {', '.join(tables)}" if tables else "none at all"
            raise RadweaveError(f'study {plan.name}: its cohorts have no table of the block "{block}", {has}')


def known_blocks(plan: StudySettings, catalog: Catalog) -> list[str]:
    """The words that a study's sets of blocks may hold: radweave's own, and those of its cohorts' ready-made tables."""
    cohorts = [catalog.cohorts[name] for name in plan.all_cohorts if name in catalog.cohorts]
    own = {table.block for one in cohorts for table in one.tables} | ({BLOCK} if signatures_of(plan) else set())
    return [*BUILT_IN, *sorted(own - {*BUILT_IN})]


def _check_aim(plan: Study, name: str, catalog: Catalog) -> None:
    endpoints = catalog.cohort(name).endpoints
    if plan.horizons and plan.endpoint in endpoints and not isinstance(endpoints[plan.endpoint], Timed):
        kind = endpoints[plan.endpoint].kind
        raise RadweaveError(
            f"study {plan.name}: horizons are days of follow-up, and {plan.endpoint} is {kind}; leave them out"
        )
    if plan.endpoint not in endpoints:
        there = f"it has {', '.join(endpoints) or 'none'}. {hint_sentence(plan.endpoint, endpoints)}".strip()
        raise RadweaveError(f"study {plan.name}: cohort {name} has no endpoint {plan.endpoint}; {there}")
    kind = endpoints[plan.endpoint].kind
    wrong = [one.name for one in plan.models if kind not in one.model.predictable]
    if wrong:
        what = f"{', '.join(wrong)} cannot predict {plan.endpoint}, a {kind} endpoint"
        fitting = ", ".join(models_of(kind))
        raise RadweaveError(f"study {plan.name}: {what}; choose among {fitting}")
