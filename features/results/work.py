"""Work: one result that a refresh needs of a scan, and where it is kept. It is made once and passed on."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from features.core.case import FileSet, Scan, Term
from features.core.digest import digest_bytes, digest_json
from features.core.kinds.extractor import Extractor
from features.core.kinds.recipe import Recipe
from features.core.kinds.sampling import Shown
from features.core.roi_expression import RoiExpression
from features.core.storage.store import REGION, SAMPLES
from features.images.prepare import VERSION as PREPARATION
from features.images.registration.kept import pair_facts
from features.results.prefixes import feature_prefix, feature_table, region_prefix

CHECK = "5"  # raise it when the checks or the facts change: every scan is then checked again
Key = tuple[str, str, str]  # of a scan: case, image, ROI


@dataclass(frozen=True)
class Work:
    """The check of a scan. table: of the mart; prefix: of its columns there; block: folder of work/; address: in there."""

    scan: Scan
    table: str
    prefix: str
    block: str
    address: str


@dataclass(frozen=True)
class Sample(Work):
    """What networks are shown of a scan, on its own image and those beside it, the first being its own; it is in no table."""

    recipe: Recipe
    shown: Shown
    images: tuple[Scan, ...]


@dataclass(frozen=True)
class Extraction(Work):
    """The features of a scan by one extractor of a recipe. samples: what the extractor is shown, in its order."""

    recipe: Recipe
    extractor: Extractor
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True)
class Lacking:
    """A recipe that cannot be extracted of an image, because a ROI that it needs is not among those of the image.

    image: that which lacks them, of a recipe that shows several images; "": the scan's own.
    """

    recipe: str
    roi: RoiExpression
    missing: tuple[str, ...]
    image: str = ""


@dataclass(frozen=True)
class Plan:
    """All that a refresh needs of a scan: its check, and its features in the order of the recipes.

    The features of a region that several ROIs make up stand with the first of them. lacking: what the image lacks for recipes,
    with the first ROI that they need and it has.
    """

    check: Work
    features: tuple[Extraction, ...] = ()
    lacking: tuple[Lacking, ...] = ()

    @property
    def scan(self) -> Scan:
        return self.check.scan


def plan_scans(
    scans: Iterable[Scan],
    recipes: Sequence[Recipe],
    *,
    refused: Collection[Key] = (),
    absent: Collection[Key] = (),
) -> tuple[Plan, ...]:
    """A plan for each scan, with the recipes that fit it.

    refused: scans that the index rejected: that a recipe lacks them has been said. absent: scans of ROIs that the patient has
    not, and need not have.
    """
    images: dict[tuple[str, str], list[Scan]] = {}
    for scan in scans:
        images.setdefault(scan.key[:2], []).append(scan)
    plans = [plan for own in images.values() for plan in _plan_image(own, images, recipes, refused, absent)]
    return tuple(sorted(plans, key=lambda plan: plan.scan.sort_key))


def _plan_image(
    scans: Sequence[Scan],
    images: Mapping[tuple[str, str], Sequence[Scan]],
    recipes: Sequence[Recipe],
    refused: Collection[Key],
    absent: Collection[Key],
) -> Iterator[Plan]:
    """The plans of the scans of one image of a case. images: the scans of all images, by case and word."""
    features: dict[Scan, list[Extraction]] = {scan: [] for scan in scans}
    lacking: dict[Scan, list[Lacking]] = {scan: [] for scan in scans}
    own = {scan.roi_name: scan for scan in scans}
    case, image = scans[0].key[:2]
    for recipe in (one for one in recipes if fits(scans[0], one)):
        wanted: list[Scan] = [] if recipe.roi.rois else [scan for scan in scans if not scan.reader]
        for roi in recipe.roi.rois:
            unknown = roi.unknown([*own, *(word for word in roi.words if (case, image, word) in absent)])
            if unknown and not any((case, image, word) in refused for word in unknown):
                told = next((own[word] for word in roi.words if word in own), scans[0])
                lacking[told].append(Lacking(recipe.name, roi, unknown))
            there = combined(own, roi) if not unknown else None
            wanted += [there] if there else []
        for scan in wanted:
            beside = tuple(_beside(scan, recipe, images))
            missing = next((one for one in beside if isinstance(one, Lacking)), None)
            if missing is not None:
                lacking[scan.counted].append(missing)
                continue
            shown = tuple(one for one in beside if isinstance(one, Scan))
            features[scan.counted] += [features_of(scan, recipe, extractor, shown) for extractor in recipe.extractors]
    for scan in scans:
        yield Plan(check_of(scan), tuple(features[scan]), tuple(lacking[scan]))


def _beside(scan: Scan, recipe: Recipe, images: Mapping[tuple[str, str], Sequence[Scan]]) -> Iterator[Scan | Lacking]:
    """The same ROI on the other images that a recipe shows with that of a scan."""
    words = {word.lower(): own for (case, word), own in images.items() if case == str(scan.case)}
    terms = tuple((term.sign, term.scan.roi_name) for term in scan.terms) or (("+", scan.roi_name),)
    roi = RoiExpression(terms)
    for word in recipe.channels[1:]:
        own = {
            one.roi_name: one
            for one in words.get(word, ())
            if (one.modality, one.unit) == (recipe.modality, recipe.unit)
        }
        unknown = roi.unknown(own)
        found = None if unknown else combined(own, roi)
        yield found if found is not None else Lacking(recipe.name, roi, unknown or (roi.name,), word)


def combined(scans: dict[str, Scan], roi: RoiExpression) -> Scan | None:
    """The scan of a region that ROIs of an image make up; None if the image has none of those that are added.

    scans: word of a ROI → its scan; a ROI without a scan is one that the patient has not.
    """
    terms = tuple(Term(sign, scans[word]) for sign, word in roi.terms if word in scans)
    if not any(term.sign == "+" for term in terms):
        return None
    if not roi.is_combined:
        return terms[0].scan
    first = next(term.scan for term in terms if term.sign == "+")
    digest = digest_bytes("".join(f"{term.sign}{term.scan.mask.digest}" for term in terms).encode())
    mask = FileSet("terms", (), digest)
    return replace(first, mask=mask, roi=str(roi), roi_name=roi.name, terms=terms, drawn_on=None, readers=(), reader="")


def fits(scan: Scan, recipe: Recipe) -> bool:
    """Whether a recipe is meant for the image of a scan."""
    return recipe.fits(scan.modality, scan.unit, scan.image_name)


def check_of(scan: Scan) -> Work:
    """The check: image and mask bytes and how they are read decide it."""
    address = digest_json({**scan_facts(scan), "version": CHECK})
    return Work(scan, REGION, region_prefix(scan.target), REGION, address)


def features_of(scan: Scan, recipe: Recipe, extractor: Extractor, beside: tuple[Scan, ...] = ()) -> Extraction:
    """The features: what decides the pixels, the preparation, the extractor's settings and versions decide them.

    beside: the same ROI on other images, which are shown with that of the scan.
    """
    decides: dict[str, Any] = {
        **scan_facts(scan),
        "recipe": recipe.digest(),
        "extractor": extractor.model_dump(mode="json"),
        "version": extractor.version,
        "preparation": PREPARATION,
    }
    if beside:
        decides["beside"] = [scan_facts(one) for one in beside]
    table, prefix = feature_table(extractor.block, recipe.name), feature_prefix(recipe, extractor.word, scan.target)
    samples = tuple(sample_of((scan, *beside), recipe, shown) for shown in extractor.shown)
    return Extraction(scan, table, prefix, extractor.block, digest_json(decides), recipe, extractor, samples)


def sample_of(images: tuple[Scan, ...], recipe: Recipe, shown: Shown) -> Sample:
    """What networks are shown: the same for all that are shown the same. images: the ROI on each image."""
    decides = {
        "scans": [scan_facts(scan) for scan in images],
        "recipe": recipe.digest(),
        "sampling": shown.sampling.model_dump(mode="json"),
        "shape": asdict(shown.shape),
        "version": shown.sampling.version,
        "preparation": PREPARATION,
    }
    return Sample(images[0], SAMPLES, "", SAMPLES, digest_json(decides), recipe, shown, images)


def scan_facts(scan: Scan) -> dict[str, str]:
    """What decides the pixels of a scan's region. Words of images and ROIs do not."""
    facts = {"image": scan.image.digest, "mask": scan.mask.digest, "roi": scan.roi, "unit": scan.unit}
    facts |= {"modality": scan.modality, "formats": f"{scan.image.format}+{scan.mask.format}"}
    rule = scan.rule.facts()
    facts |= {"rule": json.dumps(rule, sort_keys=True)} if rule else {}
    facts |= {"calculation": scan.calculation.model_dump_json()} if scan.calculation else {}
    if scan.settings:
        facts |= {"computed": scan.settings, "inside": json.dumps(scan_facts(scan.inside)) if scan.inside else ""}
    if scan.drawn_on is not None:
        drawn = scan.drawn_on
        there = replace(scan, image=drawn.image, unit=drawn.unit, rule=drawn.rule, calculation=drawn.calculation)
        further = scan_facts(replace(there, drawn_on=drawn.drawn_on, terms=(), readers=())) if drawn.drawn_on else {}
        said = {"unit": drawn.unit, "format": drawn.image.format, "rule": drawn.rule.facts()}
        if drawn.registration is not None:
            said["registration"] = pair_facts(scan, drawn) | {
                "warns_beyond_mm": str(drawn.registration.warns_beyond_mm)
            }
        said |= {"calculation": drawn.calculation.model_dump(mode="json")} if drawn.calculation else {}
        said |= {"drawn_on": further} if further else {}
        facts |= {"drawn_on": drawn.image.digest, "drawn_on_rule": json.dumps(said, sort_keys=True)}
    if scan.terms:
        facts["roi"] = ""
        terms = [[term.sign, scan_facts(term.scan)] for term in scan.terms]
        facts |= {"terms": json.dumps(terms, sort_keys=True)}
    if scan.readers:
        readers = [scan_facts(one) for one in scan.readers]
        facts |= {"consensus": scan.consensus, "readers": json.dumps(readers, sort_keys=True)}
        facts |= {"declared_readers": ",".join(scan.declared_readers)}
    if scan.apart:
        facts |= {"apart": json.dumps(scan.apart)}
    if scan.apart_masks:
        others = [
            [word, roi, f"{mask.format}:{mask.digest}", json.dumps(rule.facts(), sort_keys=True)]
            for word, roi, mask, rule in scan.apart_masks
        ]
        facts |= {"apart_masks": json.dumps(others)}
    return facts
