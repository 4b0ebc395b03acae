"""step_faults: words in the steps and models of a study's candidates that its cohorts do not know."""

from collections.abc import Iterable, Iterator, Sequence

from features.core.catalog.catalog import Catalog, Cohort
from features.core.errors import Fault, MachineError, did_you_mean
from features.core.kinds.recipe import Recipe
from features.core.yaml import Document
from features.deep.descriptor_names import read_descriptor
from tasks.modelling.evaluation.study import Study
from tasks.modelling.models.model import Model
from tasks.modelling.models.priority_lasso import PriorityLasso
from tasks.modelling.preprocessing.encode.fisher_vector import FisherVector
from tasks.modelling.preprocessing.harmoniser import EffectsHarmoniser, Harmoniser


def step_faults(document: Document, study: Study, catalog: Catalog) -> Iterator[Fault]:
    """Blocks that no cohort has, covariates that are no clinical column, and references that are no centre, of the cohorts that
    train; each at its line."""
    from flows.change import known_blocks

    cohorts = {name: catalog.cohorts[name] for name in study.cohorts if name in catalog.cohorts}
    blocks = known_blocks(study, catalog)
    endpoints = {one.endpoints[study.endpoint].kind for one in cohorts.values() if study.endpoint in one.endpoints}
    for i, candidate in enumerate(study.models):
        yield from _lacking(document.where(("models", i)), candidate.model, endpoints)
        if isinstance(candidate.model, PriorityLasso):
            yield from _order_faults(document, study, i, candidate.model, list(blocks))
        for j, step in enumerate(candidate.steps):
            place = ("models", i, "steps", j)
            for k, block in enumerate(step.blocks):
                yield from _unknown(document.where((*place, "blocks", k)), "block", block, list(blocks))
            if not isinstance(step, Harmoniser):
                continue
            for k, name in enumerate(step.covariates if isinstance(step, EffectsHarmoniser) else ()):
                where = document.where((*place, "covariates", k))
                yield from _unknown(where, "covariate", name, _clinical_columns(cohorts.values()))
            if step.reference is not None:
                words = list(cohorts) if step.by == "cohort" else _centres(cohorts)
                yield from _unknown(document.where((*place, "reference")), step.by, step.reference, words)


def _lacking(where: str, model: Model, endpoints: set[str]) -> Iterator[Fault]:
    """What a model needs, or a member of it, that is not on this machine."""
    for endpoint in sorted(endpoints):
        for one in (model, *model.members(endpoint)):
            try:
                if isinstance(one, Model):
                    one.outside(endpoint)
            except MachineError as error:
                yield Fault(where, str(error))


def _order_faults(
    document: Document, study: Study, place: int, model: PriorityLasso, blocks: list[str]
) -> Iterator[Fault]:
    """Words of an order that are no blocks, and blocks of a set of several that have no place in it."""
    for k, block in enumerate(model.order):
        yield from _unknown(document.where(("models", place, "model", "order", k)), "block", block, blocks)
    for name, own in study.blocks.items():
        without = [block for block in own if block not in model.order]
        if len(own) > 1 and without:
            what = f'{model.kind} has no place in its order for blocks of the set "{name}"'
            hint = f"name every block, the one that comes first first, as in order: [{', '.join(own)}]"
            yield Fault(document.where(("models", place)), what, ", ".join(without), hint=hint)


def encoding_faults(document: Document, study: Study, recipes: Sequence[Recipe]) -> Iterator[Fault]:
    """Steps that encode descriptors where no recipe of the study makes any; each at its line."""
    steps = [
        (i, j, step)
        for i, candidate in enumerate(study.models)
        for j, step in enumerate(candidate.steps)
        if isinstance(step, FisherVector)
    ]
    if not steps or any(_has_descriptors(recipe) for recipe in recipes):
        return
    for i, j, step in steps:
        what = f"{step.kind} encodes descriptors, and no recipe of the study makes any"
        hint = "give the network of a recipe poolings: [descriptors]"
        yield Fault(document.where(("models", i, "steps", j)), what, ", ".join(study.recipes) or "no recipe", hint=hint)


def _has_descriptors(recipe: Recipe) -> bool:
    """Whether any of its columns is of a descriptor; True where that cannot be known on this machine."""
    try:
        return any(read_descriptor(column.name) for one in recipe.extractors for column in one.columns(recipe))
    except MachineError:
        return True


def _clinical_columns(cohorts: Iterable[Cohort]) -> list[str]:
    """Clinical predictors as columns of a design; outcomes are none."""
    from features.fusion.encode import column_names  # which imports pandas, for studies that name covariates

    variables = [pair for cohort in cohorts for pair in cohort.variables.items()]
    return list(dict.fromkeys(c for name, one in variables if one.role == "predictor" for c in column_names(name, one)))


def _centres(cohorts: dict[str, Cohort]) -> list[str]:
    """Centres as a design names them: those of several cohorts begin with the cohort."""
    several = len(cohorts) > 1
    return [f"{name}:{one}" if several else one for name, cohort in cohorts.items() for one in cohort.centres]


def _unknown(where: str, what: str, word: str, words: list[str]) -> Iterator[Fault]:
    if word not in words:
        yield Fault(where, f"unknown {what}", f'"{word}"', ", ".join(words), did_you_mean(word, words))
