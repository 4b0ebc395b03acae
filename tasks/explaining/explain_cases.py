"""explain_cases: maps, NIfTI files and nearest training cases of cases that a model scores, or why there are none."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from features.core.design import Design
from features.core.errors import MachineError, RadweaveError, did_you_mean
from features.core.images import IMAGES
from features.core.progress import tell
from features.core.quarantine import Rejected
from features.core.region import Volume
from features.core.storage.place import write_bytes
from features.deep.attribution import Attribution
from features.deep.extractors.network import Network
from features.images.formats.nifti import write_nifti
from features.images.region import read_region
from features.results.attempt import attempt
from features.results.samples import Preparing
from features.results.scan_name import scan_name
from features.results.scored import SCORED
from features.results.work import Extraction
from tasks.explaining.case_score import CaseScore, case_score
from tasks.explaining.explained_map import Explained, Lacking, columns_of, explain_work, read_views
from tasks.explaining.held_out import HeldOut
from tasks.explaining.image_model import explain_images, features_shown, fitted_network, is_shown
from tasks.explaining.overlay import overlay_png
from tasks.explaining.training_cases import Neighbour, TrainingCases
from tasks.modelling.evaluation.final import Final
from tasks.modelling.evaluation.score_final import states_of
from tasks.modelling.rows import Rows

EXPLAINED = "explained"  # the state of a map that there is


@dataclass(frozen=True)
class Wish:
    """What is to be explained. cases: those that are named; without any, `most` of them, evenly along their scores. of: the class
    whose probability it is, "" as `case_score`. randoms: networks with random weights beside. neighbours: training cases that are
    named of each case.
    """

    by: tuple[Attribution, ...]
    cases: tuple[str, ...] = ()
    most: int = 8
    of: str = ""
    randoms: int = 1
    neighbours: int = 5
    seed: int = 0


@dataclass(frozen=True)
class MapRow:
    """A map of a case, or why there is none: a row of maps.csv. Numbers are as in Explained, None where there is none."""

    case: str
    score_of: str
    score: float | None
    image: str = ""
    roi: str = ""
    recipe: str = ""
    network: str = ""
    sampling: str = ""
    by: str = ""
    state: str = EXPLAINED
    inside_roi: float | None = None
    roi_of_view: float | None = None
    inside_roi_prior: float | None = None
    inside_roi_random: float | None = None
    alike_random: float | None = None
    unexplained: float | None = None
    nifti: str = ""
    picture: str = ""


@dataclass
class Told:
    """rows: of all that was asked for. neighbours: of all cases. pictures: name of a file → base64 of its PNG. remarks: what a
    reader has to know of cases.
    """

    rows: list[MapRow] = field(default_factory=list)
    neighbours: list[Neighbour] = field(default_factory=list)
    pictures: dict[str, str] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)


def explain_cases(
    final: Final,
    design: Design,
    works: Mapping[str, Sequence[Extraction]],
    training: TrainingCases | None,
    wish: Wish,
    folder: Path,
    held_out: HeldOut | None = None,
) -> Told:
    """works: case → what the networks measured of it. folder: where pictures and NIfTI files go, each case by itself. held_out:
    where each case is explained by the model of a fold that has not seen her.

    Raises RadweaveError for a case that is not among the rows, or has no score.
    """
    rows = Rows.of(design)
    place = {str(case): i for i, case in enumerate(design.X.index)}
    states = states_of(final, rows, complete=False)
    chosen = _chosen(final, rows, place, states.tolist(), wish)
    told = Told()
    for number, case in enumerate(chosen, start=1):
        own, trained = (final, training) if held_out is None else held_out.of(case)
        score = case_score(own, rows.take(np.array([place[case]])), wish.of)
        group = str(design.groups[place[case]])
        _explain_case(case, score, group, works.get(case, ()), trained, wish, folder, told)
        tell("cases", number, len(chosen))
    return told


def _chosen(final: Final, rows: Rows, place: Mapping[str, int], states: Sequence[str], wish: Wish) -> list[str]:
    for case in wish.cases:
        if case not in place:
            hint = did_you_mean(case, list(place))
            first = ", ".join(list(place)[:5])
            raise RadweaveError(
                f"--case {case}: no such case; there are {len(place)}, such as {first}{'; ' + hint if hint else ''}"
            )
        if states[place[case]] != SCORED:
            raise RadweaveError(f"--case {case}: it has no score: {states[place[case]]}")
    if wish.cases:
        return list(dict.fromkeys(wish.cases))
    there = np.array([i for i in place.values() if states[i] == SCORED], np.intp)
    if not len(there):
        raise RadweaveError("no case of the cohort has a score")
    names = {i: case for case, i in place.items()}
    found = final.predict(rows.take(there))
    scores = found.risk if found.risk is not None else found.value
    if scores is None:
        assert found.probability is not None
        scores = found.probability.max(axis=1)
    order = there[np.argsort(-scores, kind="stable")]
    evenly = np.unique(np.linspace(0, len(order) - 1, min(wish.most, len(order))).round().astype(np.intp))
    return [names[int(i)] for i in order[evenly]]


def _explain_case(
    case: str,
    score: CaseScore,
    group: str,
    works: Sequence[Extraction],
    training: TrainingCases | None,
    wish: Wish,
    folder: Path,
    told: Told,
) -> None:
    row = MapRow(case, score.said, score.value)
    remarks = told.remarks.setdefault(case, [])
    works = [work for work in works if not score.final.of_images or is_shown(work, score)]
    if not works:
        told.rows.append(replace(row, state="no image of the case was shown to a network that the model reads"))
        return
    for work in works:
        own = replace(row, image=work.scan.image_name, roi=work.scan.roi_name, recipe=work.recipe.name)
        own = replace(own, network=_word(work, score.final))
        try:
            every = read_views(work, Preparing(lambda one: attempt(lambda: read_region(one)), work.samples))
            if score.final.of_images:
                maps = explain_images(score, every, wish.by, wish.randoms, wish.seed)
            else:
                maps = explain_work(work, every, score, wish.by, wish.randoms, wish.seed)
            for found in maps:
                told.rows.append(_kept(found, own, folder, told))
        except MachineError:
            raise
        except (RadweaveError, Rejected) as error:
            told.rows.append(replace(own, state=str(error)))
        except MemoryError:
            told.rows.append(replace(own, state="no room in memory for gradients of so many views: take occlusion"))
        if training is not None and wish.neighbours:
            try:
                told.neighbours += _nearest(case, group, score, work, own.network, training, wish.neighbours)
            except ValueError as error:
                remarks.append(f"No nearest training cases by {own.network}: {error}.")


def _nearest(
    case: str, group: str, score: CaseScore, work: Extraction, word: str, training: TrainingCases, count: int
) -> list[Neighbour]:
    """Raises ValueError where there are none."""
    if score.final.of_images:
        images = score.rows.images
        assert images is not None
        return training.nearest_shown(case, group, score.final, word, features_shown(score.final, images)[0], count)
    columns = score.rows.columns.names.tolist()
    names = [name for name in columns_of(work) if name in set(columns)]
    return training.nearest(case, group, word, names, score.rows.X[0, [columns.index(name) for name in names]], count)


def _word(work: Extraction, final: Final) -> str:
    if isinstance(work.extractor, Network):
        return work.extractor.word
    return f"{final.model} ({fitted_network(final)[1].variant})"


def _kept(found: Explained | Lacking, row: MapRow, folder: Path, told: Told) -> MapRow:
    """The row of a map, after its files are written."""
    sampling, scan = found.views.shown.sampling, found.views.sample.scan
    row = replace(row, sampling=sampling.kind, by=found.by.kind)
    if isinstance(found, Lacking):
        return replace(row, state=found.why)
    place = folder / file_word(row.case)
    stem = "_".join([file_word(row.recipe), file_word(row.network), row.sampling, row.by])
    pieces, lacking = [], ""
    for image, one in enumerate(found.views.sample.images):
        try:
            values = found.views.put_back(found.values, image)
        except RadweaveError as error:
            lacking = str(error)
            continue
        grid = found.views.originals[image]
        path = place / f"{file_word(scan_name(one.image_name, one.roi_name))}_{stem}.nii.gz"
        write_nifti(path, Volume(values, grid.spacing_mm, grid.origin_mm, grid.direction), quick=True)
        pieces.append(str(path.relative_to(folder)))
    if lacking:
        told.remarks[row.case].append(f"{found.by.kind}: {lacking}.")
    png = overlay_png(found)
    picture = place / f"{file_word(scan_name(scan.image_name, scan.roi_name))}_{stem}.png"
    write_bytes(picture, png)
    name = str(picture.relative_to(folder))
    told.pictures[name] = base64.b64encode(png).decode()
    return replace(
        row,
        inside_roi=_known(found.inside),
        roi_of_view=_known(found.area),
        inside_roi_prior=_known(found.prior),
        inside_roi_random=_known(found.random),
        alike_random=_known(found.alike),
        unexplained=_known(found.gap),
        nifti="; ".join(pieces),
        picture=name,
    )


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None


def file_word(text: str) -> str:
    """A word for names of files.

    >>> file_word("one:p1:baseline")
    'one_p1_baseline'
    """
    return "".join(letter if letter.isalnum() or letter in "-." else "_" for letter in text)


def works_of(plans: Iterable[Extraction], final: Final) -> dict[str, list[Extraction]]:
    """Case → the works of networks whose features are among the columns of a model, or that show images to one that learnt."""
    names = set(final.columns.names.tolist())
    found: dict[str, list[Extraction]] = {}
    for work in plans:
        if final.of_images:
            wanted = work.extractor.gives == IMAGES
        else:
            wanted = isinstance(work.extractor, Network) and not names.isdisjoint(columns_of(work))
        if wanted:
            found.setdefault(str(work.scan.case), []).append(work)
    return found
