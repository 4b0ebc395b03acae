"""Study: the whole configuration of one analysis, as one hashable value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BeforeValidator,
    Field,
    NonNegativeInt,
    PositiveFloat,
    SerializeAsAny,
    ValidationInfo,
    field_validator,
    model_validator,
)

from features.core.catalog.catalog import Word
from features.core.catalog.ready_table import BUILT_IN
from features.core.design import EXTERNAL
from features.core.digest import digest_json
from features.core.errors import ConfigError, Fault
from features.core.file_kinds import check_file_kind
from features.core.images import IMAGES
from features.core.kinds.delta import DELTAS
from features.core.kinds.registry import Kind
from features.core.yaml import Document
from features.fusion.external_columns import ExternalColumns
from features.fusion.missing import MissingBlock
from features.fusion.part_of_block import PartOfBlock, block_of_word
from features.fusion.repeated import RowsOf, ScoredVisit
from features.fusion.signature_columns import BLOCK
from tasks.modelling.candidate import AnyCandidate, Candidate
from tasks.modelling.claims.claim import CLAIMS, Claim, claim_faults
from tasks.modelling.comparisons.comparing import Comparing
from tasks.modelling.controls.control import CONTROLS, Control
from tasks.modelling.evaluation.comparison import BASELINES
from tasks.modelling.models.model import Model, of_images
from tasks.modelling.signatures.source import SignatureSource
from tasks.modelling.splits.split import SPLITS, Split
from tasks.modelling.study_settings import StudySettings, twice_named

WORD = re.compile(r"[a-z][a-z0-9_]{0,59}")

LATER = (
    "lesions",
    "segmentation",
    "deltas",
    "stable",
    "leak_checked",
    "external",
    "external_columns",
    "visits",
    "scored_visit",
    "thresholds",
    "controls",
    "comparisons",
    "horizons",
    "signatures",
    "parts",
    "claims",
)  # settings that studies did not have at first


class Study(StudySettings):
    """Cohorts × recipes × sets of blocks × endpoint × splits × models.

    A study is checked and run with the catalog that the command names; `catalog` says whose cohorts it is about.
    """

    cohorts: tuple[Word, ...] = Field(min_length=1, description="cohorts of the catalog that train and are validated")
    external: tuple[Word, ...] = Field(
        (), description="cohorts that are predicted by models fitted on the others, and decide nothing"
    )
    external_columns: ExternalColumns = Field(
        "same",
        description="same: a column that an external cohort lacks is an error; common: it is left out for every cohort",
    )
    endpoint: Word = Field(description="endpoint that all of them declare")
    predict_at: Word = Field(
        "baseline", description="time point of the prediction; predictors that are known later are left out"
    )
    blocks: dict[Word, Annotated[tuple[Word, ...], Field(min_length=1)]] = Field(
        min_length=1,
        description="sets of blocks that are compared, by name: clinical, genomic, radiomics, deep, region, images, delta, "
        "signature, blocks of ready-made tables, or parts of blocks; the baselines `clinical` and `volume` stand beside them",
    )
    parts: dict[Word, PartOfBlock] = Field(
        {},
        description="parts of blocks, each under a word that sets of blocks can name: the columns of a recipe, an image …",
    )
    models: tuple[AnyCandidate, ...] = Field(
        min_length=1, description="models that are compared: kinds, or named candidates with steps of their own"
    )
    splits: tuple[Annotated[SerializeAsAny[Split], BeforeValidator(SPLITS.parse)], ...] = Field(
        default_factory=lambda: (SPLITS.parse("nested"), SPLITS.parse("centre_out")),
        validate_default=True,
        description="how cases are divided into training and validation; external cohorts are predicted without being named here",
    )
    missing_block: MissingBlock = Field("impute", description="cases without any value of a block: impute or exclude")
    signatures: dict[Word, SignatureSource] = Field(
        {},
        description="predictions of candidates of other studies, fitted on the cohorts of those alone: the block signature",
    )
    visits: RowsOf = Field(
        "one",
        description="one: a row per patient, at predict_at; each: a row for each visit up to predict_at, which train",
    )
    scored_visit: ScoredVisit | None = Field(
        None, description="with visits: each, at which visit a patient is predicted and scored: the last, or predict_at"
    )
    leak_checked: tuple[str, ...] = Field((), description="columns of images that a person has checked for leaks")
    thresholds: Literal["free", "always"] = Field(
        "free",
        description="of yes or no, who learns a threshold and probabilities of training cases that inner folds predict. free: "
        "candidates with several settings or blocks, whose inner folds do so anyway; always: every candidate, at the cost of its "
        "inner folds",
    )
    controls: tuple[Annotated[SerializeAsAny[Control], BeforeValidator(CONTROLS.parse)], ...] = Field(
        (),
        description="what is taken from each set of blocks to see what its score lives on, such as permuted_outcome; fits anew",
    )
    comparisons: Comparing = Field(
        default_factory=Comparing,
        description="how pairs of combinations are tested, and how p is corrected for their number",
    )
    horizons: tuple[PositiveFloat, ...] = Field(
        (),
        description="of an endpoint over follow-up, days at which it is scored and calibration is shown, rising; without them the "
        "endpoint's horizon_days, or the days by which one and two thirds of the events were seen",
    )
    claims: tuple[Annotated[SerializeAsAny[Claim], BeforeValidator(CLAIMS.parse)], ...] = Field(
        (), description="what is claimed of its combinations; the report says which claims its scores support"
    )
    seed: NonNegativeInt = Field(0, description="seed of folds and models; equal seeds give equal bytes")

    @property
    def all_cohorts(self) -> tuple[str, ...]:
        """The cohorts that train, then those that are external."""
        return (*self.cohorts, *self.external)

    @property
    def used_blocks(self) -> frozenset[str]:
        return frozenset(block_of_word(word, self.parts) for words in self.blocks.values() for word in words)

    def shows(self, name: str) -> str:
        """The word of a set of blocks by which it names images, the block or a part of it; "" where it names none."""
        return next((word for word in self.blocks.get(name, ()) if block_of_word(word, self.parts) == IMAGES), "")

    def candidates_of(self, name: str) -> tuple[Candidate, ...]:
        """The candidates fitted with a set of blocks: where it names images those that learn from them, else the others."""
        shows = bool(self.shows(name))
        return tuple(one for one in self.models if one.model.of_images == shows)

    @property
    def time_point(self) -> str:
        return self.predict_at

    @property
    def endpoints(self) -> tuple[str, ...]:
        return (self.endpoint,)

    def kinds(self) -> list[Kind]:
        fitted = (kind for one in self.models for kind in (*one.steps, one.model, one.fusion))
        return [*fitted, *self.splits, *self.deltas, *self.controls, *self.claims]

    @field_validator("models")
    @classmethod
    def check_candidates(cls, models: tuple[AnyCandidate, ...]) -> tuple[AnyCandidate, ...]:
        """Each has a name of its own: scores are known by it."""
        words = [candidate.name for candidate in models]
        if twice := sorted({word for word in words if words.count(word) > 1}):
            raise ValueError(f'the model "{twice[0]}" stands twice; name one of them: {{name: …, model: …}}')
        return models

    @field_validator("splits")
    @classmethod
    def add_external(cls, splits: tuple[Split, ...], info: ValidationInfo) -> tuple[Split, ...]:
        """External cohorts are predicted whether the split is named or not."""
        named = any(split.kind == EXTERNAL for split in splits)
        if named and not info.data.get("external"):
            raise ValueError('the split "external" needs external cohorts: name them by `external`')
        return splits if named or not info.data.get("external") else (*splits, SPLITS.parse(EXTERNAL))

    @field_validator("horizons")
    @classmethod
    def check_horizons(cls, horizons: tuple[float, ...]) -> tuple[float, ...]:
        """They rise."""
        if any(not one < other for one, other in pairwise(horizons)):
            raise ValueError(f"horizons are days that rise, such as [365, 730]; found {list(horizons)}")
        return horizons

    @model_validator(mode="after")
    def check_names(self) -> Study:
        twice_named("split", [split.kind for split in self.splits])
        twice_named("control", [control.kind for control in self.controls])
        twice_named("cohort", self.all_cohorts)
        twice_named("recipe", self.recipes)
        if self.external_columns != "same" and not self.external:
            raise ValueError("external_columns needs external cohorts")
        models = [candidate.model for candidate in self.models]
        if not frozenset.intersection(*(model.predictable for model in models)):
            found = "; ".join(f"{model.kind} ({', '.join(sorted(model.predictable))})" for model in models)
            raise ValueError(f"models of one study predict one kind of endpoint; found {found}")
        self._check_parts()
        self._check_images()
        sets = {name: [one.name for one in self.candidates_of(name)] for name in (*self.blocks, *BASELINES)}
        for claim in self.claims:
            names = tuple(one.name for one in self.models)
            if fault := claim_faults(claim, sets, names, tuple(split.kind for split in self.splits)):
                raise ValueError(f'the claim "{claim.says}": {fault}')
            if claim.cohort and claim.cohort not in self.external:
                raise ValueError(f'the claim "{claim.says}": {claim.cohort} is no external cohort of the study')
        named = "delta" in self.used_blocks
        if named and not self.deltas:
            raise ValueError('the block "delta" needs deltas: which time points are compared')
        if self.deltas and not named:
            raise ValueError('the deltas stand in no set of blocks: add the block "delta" to one')
        if self.signatures and BLOCK not in self.used_blocks:
            raise ValueError('the signatures stand in no set of blocks: add the block "signature" to one')
        if self.signatures and self.visits == "each":
            raise ValueError(
                "a signature is one value of a patient, and visits: each makes a row of each visit: leave one out"
            )
        if self.visits == "each" and self.scored_visit is None:
            raise ValueError(
                "visits: each gives a patient several rows, but an outcome is known once per patient, and a patient must not be "
                "counted several times: say at which visit she is scored by scored_visit: last, or predict_at"
            )
        if self.visits == "one" and self.scored_visit is not None:
            raise ValueError("scored_visit belongs to visits: each")
        if self.visits == "each" and self.deltas:
            raise ValueError(
                "deltas make one row of the visits of a patient, and visits: each a row of each: leave one out"
            )
        if not self.splits:
            raise ValueError("a study needs at least one split")
        return self

    def _check_images(self) -> None:
        """Sets that name images and candidates that learn from them go together."""
        showing = [name for name in self.blocks if self.shows(name)]
        seeing = [one for one in self.models if one.model.of_images]
        for one in self.models:
            inner = (part for kind in sorted(one.model.predictable) for part in one.model.members(kind))
            if (
                found := next((part for part in inner if isinstance(part, Model) and part.of_images), None)
            ) is not None:
                raise ValueError(
                    f'the model "{one.name}" is made of others, and {found.kind} among them learns from images, which members are '
                    "not shown: make it a candidate of its own"
                )
        for name in showing:
            words = [word for word in self.blocks[name] if block_of_word(word, self.parts) == IMAGES]
            if len(words) > 1:
                raise ValueError(
                    f'the set "{name}" shows a network {" and ".join(words)}: name one, or a recipe that shows several images '
                    "together"
                )
        if showing and not seeing:
            add = "".join(f"add {kind}, or " for kind in of_images()[:1])
            raise ValueError(
                f'the set "{showing[0]}" names images, and none of the models learns from images: {add}leave the set out'
            )
        if seeing and not showing:
            raise ValueError(
                f'the model "{seeing[0].name}" learns from images, and no set of blocks names them: add one, as in '
                "blocks: {network: [images]}"
            )
        if len(showing) < len(self.blocks) and len(seeing) == len(self.models):
            name = next(one for one in self.blocks if one not in showing)
            raise ValueError(
                f'the set "{name}" names no images, and every model learns from images: add a model of columns, such as '
                "lasso_logistic or coxnet, or leave the set out"
            )
        if len(showing) == len(self.blocks) and len(seeing) < len(self.models):
            other = next(one for one in self.models if not one.model.of_images)
            raise ValueError(
                f'the model "{other.name}" learns from columns, and every set of blocks names images: add a set without them, as '
                "in blocks: {clinical: [clinical]}, or leave the model out"
            )

    def _check_parts(self) -> None:
        words = {word for words in self.blocks.values() for word in words}
        for word, part in self.parts.items():
            if word in (*BASELINES, *BUILT_IN) or word in {one.of for one in self.parts.values()}:
                raise ValueError(f'the part "{word}" has the name of a block: give it another')
            if word not in words:
                raise ValueError(f'the part "{word}" stands in no set of blocks: add it to one')
            if part.of in self.parts:
                raise ValueError(f'the part "{word}" is of another part, {part.of}: say which block it is of')
        cut = {self.parts[word].of: word for word in words if word in self.parts}
        for candidate in self.models:
            for step in candidate.every_step():
                for block in (block for block in step.blocks if block in cut):
                    raise ValueError(
                        f"the step {step.kind} of {candidate.name} is for the block {block}, of which sets name parts, such as "
                        f"{cut[block]}: name these in its blocks"
                    )

    def digest(self) -> str:
        """Address of the settings: all but the name, the title, the description and the place of the catalog.

        What came later and is not used leaves no trace, so that studies keep their addresses.
        """
        settings = self.model_dump(mode="json", exclude={"name", "title", "description", "catalog"})
        unused = {name for name in LATER if getattr(self, name) == Study.model_fields[name].default}
        for delta in settings["deltas"]:
            if delta["kind"] == DELTAS.default:  # there was no other once
                del delta["kind"]
        return digest_json({name: value for name, value in settings.items() if name not in unused})


def signatures_of(study: StudySettings) -> Mapping[str, SignatureSource]:
    """The signatures of a study by name; a study that does not predict has none."""
    return study.signatures if isinstance(study, Study) else {}


ASSOCIATION = "association"  # the kind of a study that does not predict; one that does has no kind


def study_model(kind: object) -> type[StudySettings]:
    """What a study of a kind is parsed by; None: one that predicts. Raises ValueError for another word."""
    if kind is None:
        return Study
    if kind == ASSOCIATION:
        from tasks.modelling.association.study import AssociationStudy  # which imports what measures effects

        return AssociationStudy
    raise ValueError(f'unknown kind "{kind}"; allowed: {ASSOCIATION}, or no kind for a study that predicts')


def load_study(path: Path) -> StudySettings:
    """Study from a YAML file, of the class of its kind; its name is the file's name. Raises ConfigError with all faults."""
    document = Document.load(path)
    check_file_kind(document, "study")
    faults: list[Fault] = []
    model: type[StudySettings] = Study
    if isinstance(document.data, dict):
        try:
            model = study_model(document.data.get("kind"))
        except ValueError as error:
            raise ConfigError([Fault(document.where(("kind",)), str(error))]) from error
        if "name" not in document.data and not WORD.fullmatch(path.stem):
            what, allowed = "the study takes its name from the file", "small letters, digits, underscores"
            faults.append(Fault(str(path), what, f'"{path.stem}"', allowed, "rename the file, or say its `name`"))
            document.data["name"] = "unnamed"
        document.data.setdefault("name", path.stem)
        if "bootstrap" in document.data:
            document.data.pop("bootstrap")
            what, hint = 'the key "bootstrap" is gone', "leave it out: intervals are computed without draws"
            faults.append(Fault(document.where(("bootstrap",)), what, hint=hint))
        for key in ("metric", "metrics"):
            if key in document.data:
                document.data.pop(key)
                what = f'a study has no "{key}"'
                hint = "leave it out: every score of its endpoint is computed, and the first one chooses (radweave list metrics)"
                faults.append(Fault(document.where((key,)), what, hint=hint))
        if "missing_modality" in document.data:
            document.data.setdefault("missing_block", document.data.pop("missing_modality"))
            what, hint = 'the key "missing_modality" is now "missing_block"', "it holds for every block, images or not"
            faults.append(Fault(document.where(("missing_modality",)), what, hint=hint))
    try:
        study = document.parse(model)
    except ConfigError as error:
        raise ConfigError([*faults, *error.faults]) from error
    if faults:
        raise ConfigError(faults)
    return study
