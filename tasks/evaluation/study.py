"""Study: the whole configuration of one analysis, as one hashable value."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, NonNegativeInt, PositiveInt, SerializeAsAny, model_validator

from features.core.catalog import Word
from features.core.digest import digest_json
from features.core.room import Frozen
from features.core.yaml import Document
from tasks.models.model import MODELS, Model
from tasks.splits.split import SPLITS, Split

Block = Literal["clinical", "genomic", "radiomics", "deep", "region"]


class Study(Frozen):
    """Cohorts × recipes × sets of blocks × endpoint × splits × models.

    predict_at: time point of the prediction; predictors known later are refused. blocks: name → blocks that stand
    together; the sets are compared, beside the baselines "clinical" and "volume". missing_modality: whether a case
    without one of the modalities is kept and imputed, or excluded. bootstrap: replicates of the intervals.
    """

    name: Word
    title: str = ""
    description: str = ""
    cohorts: tuple[Word, ...] = Field(min_length=1)
    endpoint: Word
    predict_at: Word = "baseline"
    recipes: tuple[Word, ...] = ()
    blocks: dict[Word, Annotated[tuple[Block, ...], Field(min_length=1)]] = Field(min_length=1)
    models: tuple[Annotated[SerializeAsAny[Model], BeforeValidator(MODELS.parse)], ...] = Field(min_length=1)
    splits: tuple[Annotated[SerializeAsAny[Split], BeforeValidator(SPLITS.parse)], ...] = Field(
        default_factory=lambda: (SPLITS.parse("nested"), SPLITS.parse("centre_out"))
    )
    missing_modality: Literal["impute", "exclude"] = "impute"
    bootstrap: PositiveInt = 2000
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def check_names(self) -> Study:
        for what, words in (
            ("model", [model.kind for model in self.models]),
            ("split", [split.kind for split in self.splits]),
            ("cohort", list(self.cohorts)),
            ("recipe", list(self.recipes)),
        ):
            twice = sorted({word for word in words if words.count(word) > 1})
            if twice:
                raise ValueError(f'the {what} "{twice[0]}" stands twice')
        if len({model.task for model in self.models}) > 1:
            tasks = ", ".join(f"{model.kind} ({model.task})" for model in self.models)
            raise ValueError(f"models of one study predict one kind of endpoint; found {tasks}")
        if not self.splits:
            raise ValueError("a study needs at least one split")
        return self

    def digest(self) -> str:
        """Address of the settings: all but the name, the title and the description."""
        return digest_json(self.model_dump(mode="json", exclude={"name", "title", "description"}))


def load_study(path: Path) -> Study:
    """Study from a YAML file; its name is the file's name. Raises ConfigError with all faults."""
    document = Document.load(path)
    if isinstance(document.data, dict):
        document.data.setdefault("name", path.stem)
    return document.parse(Study)
