"""cohort_part: one cohort's rows of a design, step by step, each step with its row in the flow of cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.core.case import Target
from features.core.catalog.catalog import Catalog, Cohort
from features.core.catalog.genomic_source import GenomicTable, known_when
from features.core.design import FlowRow
from features.core.errors import StoreError
from features.core.images import IMAGES
from features.core.kinds.delta import Span
from features.core.kinds.endpoint import Endpoint
from features.core.outcome import Outcome
from features.fusion.absent_patients import quarantined_patients, why_no_image
from features.fusion.cohort_tables import CohortTables, block_of, read_cohort
from features.fusion.delta_columns import Known, days_of, delta_columns
from features.fusion.encode import categories_of, encode, in_order
from features.fusion.known_outcomes import known_outcomes
from features.fusion.labelled import label_columns
from features.fusion.lesions import choose_largest, merge_lesions
from features.fusion.missing import flow_row, lacking_blocks, of_rows
from features.fusion.patient_copies import scans_of
from features.fusion.question import Question
from features.fusion.repeated import day_of_rows, flow_of, known_by_then, visits_of, visits_up_to
from features.fusion.segmentations import only_segmented
from features.fusion.shown import Samples, lacking_shown, shown_of
from features.results.manifest import Mart
from features.results.prefixes import region_prefix


@dataclass
class Part:
    """A cohort's rows.

    X: predictors, one row per case; outcome: what was seen of them; table: the facts of the cohort table; flow: who left when;
    lacks: image or block → whether a row lacks it; scans: every scan, for copies; outcomes: variables that tell an
    outcome, for leaks; late: predictors known after the prediction → when; checked: columns that a person has checked;
    units: ready-made column → unit.
    shown: word by which sets name images → addresses of what is shown of each row.
    categories: column of a level → its category. labels: who labelled the outcome, where reports were read. days: of each row's
    visit, where each visit is a row.
    """

    X: pd.DataFrame
    outcome: Outcome
    endpoint: Endpoint
    table: pd.DataFrame
    flow: list[FlowRow]
    lacks: pd.DataFrame
    scans: pd.DataFrame
    outcomes: pd.DataFrame
    late: dict[str, str]
    checked: list[str]
    units: dict[str, str]
    categories: dict[str, str]
    labels: pd.DataFrame
    days: NDArray[np.float64] | None = None
    shown: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)


def cohort_part(mart: Mart, catalog: Catalog, name: str, question: Question) -> Part:
    """In order: cases with an image, if the study asks for any, of these with the outcome, of these with every block if the
    question wants that.

    Raises what `fuse` raises for one cohort.
    """
    read = read_cohort(mart, catalog, name, question)
    spans = [delta.span(read.cohort.timepoints, question.predict_at) for delta in question.deltas]
    flow: list[FlowRow] = []
    with_image = _with_image(read, question, flow)
    cases, outcome = _with_outcome(read, question, with_image, flow)
    days = days_of(mart, name, needed=True) if question.visits == "each" else {}
    cases = cases[known_by_then(cases, days, question.predict_at)] if days else cases
    if question.lesions == "largest" and read.targets:
        cases = choose_largest(cases, [*_volumes(cases, read.targets).columns])
    candidates, visits, lacks_image = cases["patient"], visits_of(cases), read.lacks_image.loc[cases.index]
    if question.missing_block == "exclude":
        cases = cases[~lacks_image.any(axis=1)]
    cases, images = _images(read, cases, question)
    X, late, checked = _predictors(read, cases, images, spans, question)
    lacks = pd.concat([of_rows(lacks_image, visits, visits_of(cases)), _lacking(X, question)], axis=1)
    row = flow_row(name, candidates, lacks_image, cases["patient"], lacks, question.missing_block)
    flow += [row] if row else []
    if question.missing_block == "exclude":
        stays = ~lacks.any(axis=1).to_numpy(bool)
        X, cases, images, lacks = X[stays], cases[stays], images[stays], lacks[stays]
    shown = shown_of(mart, name, question)
    if shown:
        stays, step = _with_shown(name, cases, shown)
        flow += [step] if step else []
        X, cases, images, lacks = X[stays], cases[stays], images[stays], lacks[stays]
    if question.scored_visit is not None:
        stays, step = flow_of(name, cases, question.predict_at, question.scored_visit)
        flow.append(step)
        X, cases, images, lacks = X[stays], cases[stays], images[stays], lacks[stays]
    return Part(
        X=X,
        outcome=read.endpoint.outcome(outcome.loc[cases["patient"]], _levels(read)),
        endpoint=read.endpoint,
        table=_facts(read, cases, images),
        flow=flow,
        lacks=lacks,
        scans=scans_of(mart, name, read.every),
        outcomes=_outcome_variables(read, cases),
        late=late,
        checked=checked,
        units={f"{block.name}__{name}": unit for block in read.ready for name, unit in block.units.items()},
        categories=categories_of(read.cohort.variables),
        labels=label_columns(read.clinical, read.cohort, read.endpoint, cases),
        days=day_of_rows(cases, days) if question.visits == "each" else None,
        shown={word: [samples[case] for case in cases.index] for word, samples in shown.items()},
    )


def _with_image(read: CohortTables, question: Question, flow: list[FlowRow]) -> pd.DataFrame:
    """Cases with a usable image at the prediction time point; all patients if the study asks for no images."""
    name, region = read.name, read.region
    if not read.targets:
        count = region["patient"].nunique()
        flow.append(FlowRow(f"{name}: patients", count, count))
        return region
    patients = set(region["patient"]) | set(read.clinical.index) | quarantined_patients(read.mart, name)
    with_image = region[~read.lacks_image.all(axis=1)]
    without = patients - set(with_image["patient"])
    images = {target.image for target in read.targets}
    words = visits_up_to(question.predict_at, read.cohort.timepoints, question.visits)
    told = why_no_image(read.mart, name, words, without, images)
    reasons = dict(sorted(Counter(told.values()).items()))
    until = "" if question.visits == "one" else "any visit up to "
    label = f"{name}: patients with a usable image at {until}{question.predict_at}"
    flow.append(FlowRow(label, len(patients), len(patients) - sum(reasons.values()), reasons))
    stays, step = only_segmented(read.mart, name, with_image, read.targets, question.segmentation)
    flow += [step] if step else []
    return with_image[stays]


def _with_shown(
    cohort: str, cases: pd.DataFrame, shown: Mapping[str, Samples]
) -> tuple[NDArray[np.bool_], FlowRow | None]:
    """Rows of which there is all that networks are shown, and the step that says who leaves; None if nobody does.

    Pixels are not filled in. A patient leaves if no row of hers has them.
    """
    lacks = lacking_shown(cases.index.tolist(), shown)
    stays = ~lacks.any(axis=1).to_numpy(bool)
    if stays.all():
        return stays, None
    before = set(cases["patient"])
    gone = before - set(cases["patient"][stays])
    by_patient = lacks.groupby(cases["patient"].to_numpy()).any().loc[sorted(gone)]
    reasons = Counter(
        f"nothing to show networks of {' and '.join(str(word) for word, is_so in row.items() if is_so)}"
        for _, row in by_patient.iterrows()
    )
    label = f"{cohort}: with what networks are shown"
    return stays, FlowRow(label, len(before), len(before) - len(gone), dict(sorted(reasons.items())))


def _with_outcome(
    read: CohortTables, question: Question, with_image: pd.DataFrame, flow: list[FlowRow]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of these cases those whose patient has the outcome, and the outcome columns, index patient; all where none is asked for."""
    patients = sorted(set(with_image["patient"]))
    if not question.endpoint:
        return with_image, pd.DataFrame(index=pd.Index(patients))
    outcome, reasons = known_outcomes(
        read.mart, read.name, read.cohort, read.clinical, question.endpoint, read.endpoint, patients
    )
    cases = with_image[with_image["patient"].isin(outcome.index)]
    label = f"{read.name}: with the endpoint {question.endpoint}"
    flow.append(FlowRow(label, with_image["patient"].nunique(), cases["patient"].nunique(), reasons))
    return cases, outcome


def _images(read: CohortTables, rows: pd.DataFrame, question: Question) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows and their volumes and features, lesions merged as the question says."""
    frames = [_volumes(rows, read.targets), *(frame.reindex(rows.index) for frame in read.features)]
    return merge_lesions(rows, pd.concat(frames, axis=1), question.lesions)


def _predictors(
    read: CohortTables, cases: pd.DataFrame, images: pd.DataFrame, spans: Sequence[Span], question: Question
) -> tuple[pd.DataFrame, dict[str, str], list[str]]:
    """Columns of all blocks; those that are left out because they are known too late; those that a person has checked."""
    genomic, checked = _genomic(read, cases)
    late = _late(read.cohort, genomic.columns, question.predict_at)
    X = _known_at(read, cases, images, genomic, question.predict_at, question)
    if question.deltas:
        X = pd.concat([X, *_deltas(read, cases, images, spans, question)], axis=1)
    if question.visits == "each":
        words = dict.fromkeys(cases["timepoint"])
        rows = {word: (cases["timepoint"] == word).to_numpy(bool) for word in words}
        parts = [_known_at(read, cases[own], images[own], genomic[own], word, question) for word, own in rows.items()]
        X = pd.concat(parts).reindex(index=cases.index, columns=X.columns) if parts else X
    cleared = encode(read.clinical.iloc[:0], {w: v for w, v in read.cohort.variables.items() if v.leak_checked})
    late |= {column: when for block in read.ready for column, when in block.late.items()}
    checked += [column for block in read.ready for column in block.checked]
    return X, late, [*checked, *(str(column) for column in cleared.columns)]


def _known_at(
    read: CohortTables, cases: pd.DataFrame, images: pd.DataFrame, genomic: pd.DataFrame, word: str, question: Question
) -> pd.DataFrame:
    """Columns of all blocks as far as they are known at a time point, of cases that are all taken to be of it."""
    limit = read.cohort.timepoints[word]
    late = _late(read.cohort, genomic.columns, word)
    late |= {
        f"{block.name}__{name}": at
        for block in read.ready
        for name, at in block.known_at.items()
        if read.cohort.timepoints[at] > limit
    }
    blocks = [
        _clinical(read.cohort, read.clinical, cases, word),
        genomic,
        images,
        *(block.join(cases, word, question.lesions) for block in read.ready),
        *(one.join(cases) for one in question.signatures),
    ]
    found = pd.concat(blocks, axis=1)
    gone = late.keys() & {*found.columns}
    return found.drop(columns=gone) if gone else found  # a wide table is not copied


def _deltas(
    read: CohortTables, cases: pd.DataFrame, images: pd.DataFrame, spans: Sequence[Span], question: Question
) -> list[pd.DataFrame]:
    """The columns of each delta, of images and of ready-made blocks."""
    days = days_of(read.mart, read.name, needed=any(delta.needs_days for delta in question.deltas))
    known = Known(days, read.cohort.timepoints, question.predict_at)
    stays, _ = only_segmented(read.mart, read.name, read.every, read.targets, question.segmentation)
    rows, everything = _images(read, read.every[stays], question)
    found = []
    for delta, span in zip(question.deltas, spans, strict=True):
        compared = [column for column in images.columns if block_of(column, question.recipes) in delta.blocks]
        if compared:
            found.append(delta_columns(delta, span, rows, everything[compared], cases, known))
        for block in (one for one in read.ready if one.name in delta.blocks):
            own = cases if block.has_lesions else cases.assign(lesion="")
            found.append(delta_columns(delta, span, *block.of_every_time(question.lesions), own, known))
    return found


def _lacking(X: pd.DataFrame, question: Question) -> pd.DataFrame:
    """Block → whether a row has no value in it."""
    names = {column: block_of(column, question.recipes) for column in X.columns}
    asked = {*question.blocks, "clinical"} - {IMAGES} if question.blocks else {*names.values()}
    return lacking_blocks(X, names, asked, alone=len(question.cohorts) == 1)


def _facts(read: CohortTables, cases: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Rows of the cohort table: who the cases are, their clinical variables and volumes, and their split if there is one."""
    table = cases[["cohort", "centre", "patient", "timepoint"]].join(
        in_order(read.clinical, read.cohort.variables), on="patient", validate="many_to_one"
    )
    if read.split:
        table["split"] = cases["patient"].map(read.split)
    return table.assign(**{_volume(target): images.iloc[:, i] for i, target in enumerate(read.targets)})


def _outcome_variables(read: CohortTables, cases: pd.DataFrame) -> pd.DataFrame:
    """Variables that tell an outcome, encoded."""
    variables = {word: variable for word, variable in read.cohort.variables.items() if variable.role == "outcome"}
    found = encode(read.clinical.reindex(cases["patient"]).set_axis(cases.index), variables)
    return found.rename(columns=lambda column: column.removeprefix("clinical__"))


def _levels(read: CohortTables) -> dict[str, tuple[str, ...]]:
    return {column: read.cohort.variables[column].levels for column in read.endpoint.columns}


def _clinical(cohort: Cohort, clinical: pd.DataFrame, cases: pd.DataFrame, predict_at: str) -> pd.DataFrame:
    """Predictors known at the prediction time, encoded. Later ones would be immortal time and are left out by name."""
    limit = cohort.timepoints[predict_at]
    known = {
        name: variable
        for name, variable in cohort.variables.items()
        if variable.role == "predictor" and cohort.timepoints[variable.known_at] <= limit
    }
    return encode(clinical.reindex(cases["patient"]).set_axis(cases.index), known)


def _genomic(read: CohortTables, cases: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """All columns of the genomic block, and those that a person has checked for leaks.

    Raises RadweaveError if the mart holds a column that no table of the catalog explains: its table, or the time at
    which it is known, was declared anew since the refresh.
    """
    if read.genomic is None:
        return pd.DataFrame(index=cases.index), []
    sources, name = [table for table in read.cohort.tables if isinstance(table, GenomicTable)], read.name
    facts = [key for key in ("cohort", "centre", "split") if key in read.genomic.schema.names]
    frame = read.genomic.drop_columns(facts).to_pandas().set_index("patient")
    strange = [column for column in frame.columns if not any(source.explains(column) for source in sources)]
    if strange:
        raise StoreError(
            f'the catalog of cohort "{name}" does not explain the genomic column "{strange[0]}" of the mart: '
            f"run radweave refresh {name}"
        )
    checked = [f"genomic__{column}" for source in sources for column in source.leak_checked]
    return frame.reindex(cases["patient"]).set_axis(cases.index).add_prefix("genomic__"), checked


def _late(cohort: Cohort, genomic: Iterable[str], predict_at: str) -> dict[str, str]:
    """Predictors that are not known at the prediction time → when they are."""
    when = {f"clinical__{w}": v.known_at for w, v in cohort.variables.items() if v.role == "predictor"}
    when |= {column: known_when(column, cohort.timepoints) for column in genomic}
    limit = cohort.timepoints[predict_at]
    return {column: at for column, at in when.items() if cohort.timepoints[at] > limit}


def _volumes(cases: pd.DataFrame, targets: Sequence[Target]) -> pd.DataFrame:
    return cases.reindex(columns=[f"{region_prefix(target)}volume_ml" for target in targets])


def _volume(target: Target) -> str:
    """The name of a volume in the cohort table: `volume_IMAGE_ml`, or `volume_IMAGE__ROI_ml` where the ROI has a word."""
    words = [target.image.lower(), *([target.roi] if target.is_roi_named else [])]
    return f"volume_{'__'.join(words)}_ml"
