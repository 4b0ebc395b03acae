"""AssociationStudy: which columns, which variables, which effects; no model, no split, no prediction."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SerializeAsAny, model_validator

from features.core.catalog.catalog import Word
from features.core.digest import digest_json
from features.core.images import IMAGES
from features.core.kinds.registry import Kind
from tasks.modelling.association.claim import AssociationClaim
from tasks.modelling.effects.effect import EFFECTS, Effect
from tasks.modelling.study_settings import StudySettings, twice_named


class AssociationStudy(StudySettings):
    """Blocks × variables × effects. It reports how columns and variables go together and predicts nothing: no study reads its
    table, and what it found is no selection for a model.
    """

    kind: Literal["association"] = Field(description="association: effects are reported, without a model that predicts")
    blocks: tuple[Word, ...] = Field(
        min_length=1,
        description="blocks whose columns are tested: clinical, genomic, radiomics, deep, region, delta, or a ready-made table’s",
    )
    columns: tuple[str, ...] = Field(
        ("*",), min_length=1, description="which of their columns: names, or patterns such as radiomics__*_volume*"
    )
    variables: tuple[str, ...] = Field(
        (),
        description="what they are tested against: endpoints of the catalog, clinical variables, or columns of the design; none "
        "where every effect is of days alone",
    )
    effects: tuple[Annotated[SerializeAsAny[Effect], BeforeValidator(EFFECTS.parse)], ...] = Field(
        min_length=1, description="kinds of effects; each is measured on the variables that it takes"
    )
    measured_at: Word = Field(
        "baseline",
        description="time point of the columns; those known later are left out. With visits: each, visits up to it are rows",
    )
    correction: Literal["bh", "holm"] = Field(
        "bh",
        description="over all tests of the study: bh, the false discovery rate; holm, the chance of any false claim",
    )
    alpha: float = Field(0.05, gt=0, lt=1, description="a corrected p up to it is called a discovery")
    claims: tuple[AssociationClaim, ...] = Field(
        (), description="what is claimed of its tests; the report says which claims they support"
    )
    least_cases: int = Field(10, ge=5, description="cases without a missing value that a test needs")

    @property
    def used_blocks(self) -> frozenset[str]:
        return frozenset(self.blocks)

    @property
    def time_point(self) -> str:
        return self.measured_at

    @property
    def endpoints(self) -> tuple[str, ...]:
        return self.variables

    def kinds(self) -> list[Kind]:
        return [*self.effects, *self.deltas]

    def digest(self) -> str:
        unused = {
            name for name in ("claims", "segmentation") if not getattr(self, name)
        }  # studies without keep their addresses
        return digest_json(self.model_dump(mode="json", exclude={"name", "title", "description", "catalog", *unused}))

    @model_validator(mode="after")
    def check_names(self) -> AssociationStudy:
        """Nothing stands twice, and rows, variables and effects fit each other."""
        twice_named("cohort", self.cohorts)
        twice_named("recipe", self.recipes)
        twice_named("block", self.blocks)
        twice_named("column", self.columns)
        twice_named("variable", self.variables)
        words = [effect.word for effect in self.effects]
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise ValueError(f'the effect "{twice[0]}" stands twice; name one of them: {{kind: …, name: …}}')
        for claim in self.claims:
            if claim.variable and claim.variable not in self.variables:
                raise ValueError(f'the claim "{claim.says}": {claim.variable} is no variable of the study')
            if not claim.effect and len(words) > 1:
                raise ValueError(f'the claim "{claim.says}": say which `effect` it is about: {", ".join(words)}')
            if claim.effect and claim.effect not in words:
                raise ValueError(
                    f'the claim "{claim.says}": {claim.effect} is no effect of the study: {", ".join(words)}'
                )
        if IMAGES in self.blocks:
            raise ValueError(
                f'the block "{IMAGES}" has no columns that could be tested: name deep for features of a network, or leave it out'
            )
        if ("delta" in self.blocks) != bool(self.deltas):
            raise ValueError('the block "delta" and deltas, which say what time points are compared, need each other')
        asking = [effect.word for effect in self.effects if effect.needs_variable]
        if asking and not self.variables:
            raise ValueError(f"{', '.join(asking)} needs variables: what are the columns tested against?")
        if not asking and self.variables:
            raise ValueError(
                "every effect is of days alone and looks at no variable: leave variables out, or name another effect"
            )
        if self.visits == "each":
            single = [effect.word for effect in self.effects if not effect.repeated]
            if single:
                raise ValueError(
                    f"visits: each gives a patient several rows, and {', '.join(single)} would count them as independent: take "
                    "mixed_effects, or visits: one"
                )
            if self.deltas:
                raise ValueError(
                    "deltas make one row of the visits of a patient, and visits: each a row of each: leave one out"
                )
        elif timed := [effect.word for effect in self.effects if effect.needs_days]:
            raise ValueError(f"{', '.join(timed)} is of days of visits, and needs visits: each")
        return self
