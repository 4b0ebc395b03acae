"""association_faults: words of an association study that the catalog or the recipes do not know; each at its line."""

from collections.abc import Iterable, Iterator, Sequence

from features.core.catalog.catalog import Catalog, Cohort, ReadyTable
from features.core.errors import Fault, RadweaveError, did_you_mean
from features.core.yaml import Document
from features.fusion.meant_endpoint import endpoint_of
from features.fusion.same_endpoint import check_same_endpoint
from flows.change import known_blocks
from flows.recipe_faults import delta_faults, study_recipes
from tasks.modelling.association.study import AssociationStudy
from tasks.modelling.association.variable import kind_of
from tasks.modelling.study_settings import StudySettings

OF_DESIGN = "__"  # stands in the name of every column of a design, and in no word of a catalog


def association_faults(document: Document, study: StudySettings, catalog: Catalog) -> list[Fault]:
    """Cohorts, time points, variables, columns that are held fixed, blocks and recipes that are not there, or do not fit."""
    assert isinstance(study, AssociationStudy)
    faults: list[Fault] = []

    def known(loc: Sequence[str | int], what: str, word: str, words: Iterable[str]) -> None:
        faults.extend(_unknown(document, loc, what, word, list(words)))

    for i, name in enumerate(study.cohorts):
        known(("cohorts", i), "cohort", name, catalog.cohorts)
        if name in catalog.cohorts:
            times = catalog.cohorts[name].timepoints
            known(("measured_at",), f"time point of cohort {name}", study.measured_at, times)
            for j, delta in enumerate(study.deltas):
                for end in (end for end in ("since", "until") if getattr(delta, end) is not None):
                    known(("deltas", j, end), f"time point of cohort {name}", getattr(delta, end), times)
                where = document.where(("deltas", j))
                faults += delta_faults(where, delta, study.measured_at, catalog.cohorts[name])
    cohorts = {name: catalog.cohorts[name] for name in study.cohorts if name in catalog.cohorts}
    faults += _variable_faults(document, study, cohorts)
    for i, effect in enumerate(study.effects):
        for j, word in enumerate(effect.adjusts):
            if OF_DESIGN not in word:
                known(("effects", i, "adjusted_for", j), "column", word, _fixable(cohorts.values()))
    named, found = study_recipes(document, study, catalog)
    faults += found
    offered = {extractor.block for one in named for extractor in one.recipe.extractors}
    words = known_blocks(study, catalog)
    for i, block in enumerate(study.blocks):
        known(("blocks", i), "block", block, words)
        if block in ("radiomics", "deep") and block not in offered and len(named) == len(study.recipes):
            what = f'the block "{block}" comes from no recipe of the study'
            faults.append(Fault(document.where(("blocks", i)), what, allowed=", ".join(sorted(offered))))
        if block == "region" and not study.recipes:
            what = "the block region needs a recipe: it names the modality"
            faults.append(Fault(document.where(("blocks", i)), what))
    tables = [table for one in cohorts.values() for table in one.tables if isinstance(table, ReadyTable)]
    if study.visits == "each" and not study.recipes and not any(table.timepoint for table in tables):
        what = "visits: each needs images, or tables whose rows are of time points"
        hint = "name recipes, or declare the timepoint of a ready-made table in the catalog"
        faults.append(Fault(document.where(("visits",)), what, "none of them", hint=hint))
    return faults


def _variable_faults(document: Document, study: AssociationStudy, cohorts: dict[str, Cohort]) -> Iterator[Fault]:
    """Variables that no cohort has, that cohorts mean otherwise, or that no effect takes; effects that take none."""
    kinds: set[str] = set()
    is_all = True  # whether the kinds of all variables are known before the tables are
    for i, word in enumerate(study.variables):
        where = document.where(("variables", i))
        meant = {name: endpoint_of(cohort, word) for name, cohort in cohorts.items()}
        if not any(meant.values()) and OF_DESIGN in word:
            is_all = False  # a column: the tables tell whether it is there, and what it holds
            continue
        for name in (name for name, endpoint in meant.items() if endpoint is None):
            there = (*cohorts[name].endpoints, *cohorts[name].variables)
            what = f"unknown variable of cohort {name}"
            yield Fault(where, what, f'"{word}"', f"{', '.join(there)}, or a column", did_you_mean(word, there))
        try:
            check_same_endpoint(cohorts, word)
        except RadweaveError as error:
            yield Fault(where, str(error))
        for kind in {endpoint.kind: None for endpoint in meant.values() if endpoint is not None}:
            own = _kinds_of(kind, word, cohorts.values())
            kinds |= own
            takes = {one.word: sorted(one.takes) for one in study.effects if one.needs_variable}
            if not any(own & {*taken} for taken in takes.values()):
                told = "; ".join(f"{name} takes {', '.join(taken)}" for name, taken in takes.items())
                yield Fault(where, f'no effect takes the variable "{word}"', f"{kind}", told)
    for i, effect in enumerate(study.effects):
        if effect.needs_variable and is_all and kinds and not kinds & effect.takes:
            what = f"{effect.word} takes none of the variables"
            yield Fault(document.where(("effects", i)), what, ", ".join(sorted(kinds)), ", ".join(sorted(effect.takes)))


def _kinds_of(endpoint: str, word: str, cohorts: Iterable[Cohort]) -> set[str]:
    """What a variable is to effects: of two levels, yes or no."""
    kind = kind_of(endpoint)
    levels = {len(one.variables[column].levels) for one in cohorts for column in _columns(one, word)}
    return {"flag"} if kind in ("classes", "ranks") and levels == {2} else {kind} if kind else set()


def _columns(cohort: Cohort, word: str) -> tuple[str, ...]:
    endpoint = endpoint_of(cohort, word)
    return endpoint.columns if endpoint is not None else ()


def _fixable(cohorts: Iterable[Cohort]) -> list[str]:
    """Words that may be held fixed, besides columns of the design: clinical predictors, the centre and the cohort."""
    own = (name for one in cohorts for name, variable in one.variables.items() if variable.role == "predictor")
    return [*dict.fromkeys(own), "centre", "cohort"]


def _unknown(document: Document, loc: Sequence[str | int], what: str, word: str, words: list[str]) -> Iterator[Fault]:
    if word not in words:
        yield Fault(document.where(loc), f"unknown {what}", f'"{word}"', ", ".join(words), did_you_mean(word, words))
