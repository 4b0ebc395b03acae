"""What the forms of served deployments offer: the cohorts, studies, endpoints and blocks of the catalog that is served.

The parameters of a flow take any word; its form should offer the words that there are.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from features.core.catalog.catalog import Catalog
from features.core.catalog.targets import declared_targets
from features.core.storage.store import Store
from features.results.models import model_folders
from flows.named import recipe_files, study_files
from flows.serving.study_form import AIMS, BLOCKS
from tasks.modelling.evaluation.study import Study, load_study
from tasks.modelling.models.model import MODELS, usual_models_of
from tasks.modelling.study_settings import StudySettings

Schema = dict[str, Any]
MOST_TIMES = 6  # time points that are shown one by one
_FILE = {"title": "file", "type": "string", "description": "path of a study's YAML file"}


def offer_refresh(form: Any, declared: Catalog) -> None:
    """Let the form of a refresh offer the cohorts with their images, regions and time points, and tell the names of recipes and
    studies.

    form: the schema of a deployment's parameters.
    """
    form.properties["cohorts"]["items"] = _words(declared.cohorts)
    form.properties["cohorts"]["description"] += "".join(
        f". {name} has {what}" for name, what in _holdings(declared).items()
    )
    _tell_names(form, "recipes", recipe_files())
    _tell_names(form, "studies", _studies(declared))


def offer_study(form: Any, declared: Catalog) -> None:
    """Let the form of a study offer the studies, endpoints and blocks of the catalog; models begin with one that fits."""
    studies = _studies(declared)
    known = form.properties["study"]
    known.pop("type", None)
    known["anyOf"] = [{"title": "with radweave", **_words(studies)}, _FILE]
    if studies:
        predicted = (_said(name, one) for name, one in studies.items())
        known["description"] += f". {'; '.join(predicted)}"
    _offer_endpoints(form, declared)
    items = form.properties["blocks"]["items"]["items"]
    items.pop("pattern", None)
    offered = _blocks(declared)
    items["enum"] = [*(block for block in BLOCKS if block in offered), *sorted(offered - {*BLOCKS})]
    form.properties["external"]["items"] = _words(declared.cohorts)


def offer_final(form: Any, declared: Catalog) -> None:
    """Let the form of a model that is saved offer the studies that predict, and tell their sets of blocks and candidates."""
    found = {name: one for name, one in _studies(declared).items() if isinstance(one, Study)}
    known = form.properties["study"]
    known.pop("type", None)
    known["anyOf"] = [{"title": "with radweave", **_words(found)}, _FILE] if found else [_FILE]
    for parameter, names in (
        ("blocks", {name: list(one.blocks) for name, one in found.items()}),
        ("model", {name: [model.name for model in one.models] for name, one in found.items()}),
    ):
        told = "; ".join(f"{name} has {', '.join(words)}" for name, words in names.items())
        form.properties[parameter]["description"] += f". {told}" if told else ""


def offer_model(form: Any, declared: Catalog, store: Store) -> None:
    """Let the form of what a saved model is asked offer the models that the store has now, and the cohorts of the catalog."""
    names = [f"{folder.parent.name}/{folder.name}" for folder in model_folders(store)]
    known = form.properties["model"]
    known.pop("type", None)
    other = {
        "title": "another",
        "type": "string",
        "description": "STUDY, STUDY/DIGEST, or the path of a model's folder",
    }
    known["anyOf"] = [{"title": "saved", **_words(names)}, other] if names else [other]
    form.properties["cohort"] |= _words(declared.cohorts)


def offer_cohorts(form: Any, declared: Catalog) -> None:
    """Let the form of new scores offer the cohorts of the catalog."""
    form.properties["cohorts"]["items"] = _words(declared.cohorts)


def _offer_endpoints(form: Any, declared: Catalog) -> None:
    """The endpoints of each kind, and a model of that kind to begin with; a kind that no cohort has is not offered."""
    offered = [option for option in form.properties["predict"]["anyOf"] if "$ref" not in option]
    for kind, aim in AIMS.items():
        found = {
            name: one.description
            for cohort in declared.cohorts.values()
            for name, one in cohort.endpoints.items()
            if one.kind == kind
        }
        if not found:
            continue
        offered.append({"$ref": f"#/definitions/{aim.__name__}"})
        fields = form.definitions[aim.__name__]["properties"]
        told = "; ".join(f"{name}: {description}" for name, description in found.items() if description)
        fields[f"{kind}_endpoint"] |= {**_words(found), "default": next(iter(found))}
        fields[f"{kind}_endpoint"]["description"] += f". {told}" if told else ""
        model = MODELS.parse(usual_models_of(kind)[0])
        fields[f"{kind}_models"]["default"] = [{"model": model.model_dump(mode="json")}]
    form.properties["predict"]["anyOf"] = offered


def _blocks(declared: Catalog) -> set[str]:
    """Blocks that some cohort can have: those of its tables, of its images, and changes where it has several time points."""
    found = set[str]()
    for cohort in declared.cohorts.values():
        found |= {"radiomics", "deep", "region"} if cohort.images else set()
        found |= {table.block for table in cohort.tables}
        found |= {"delta"} if len(cohort.timepoints) > 1 else set()
    return found


def _holdings(declared: Catalog) -> dict[str, str]:
    """What each cohort has by name: images with their regions, and time points; of unnamed ones nothing is said."""
    found: dict[str, str] = {}
    for name, cohort in declared.cohorts.items():
        regions: dict[str, list[str]] = {}
        for target in declared_targets(cohort):
            own = regions.setdefault(target.image, [])
            if target.is_roi_named and target.roi not in own:
                own.append(target.roi)
        alike: dict[tuple[str, ...], list[str]] = {}
        for image, rois in regions.items():
            alike.setdefault(tuple(rois), []).append(image)
        told = [", ".join(images) + (f" with {', '.join(rois)}" if rois else "") for rois, images in alike.items()]
        if len(regions) > 1 or any(alike):
            found[name] = "; ".join(told)
        if len(cohort.timepoints) > 1:
            times = list(cohort.timepoints)
            shown = ", ".join(times) if len(times) <= MOST_TIMES else f"{times[0]} … {times[-1]}"
            found[name] = "; ".join(filter(None, (found.get(name, ""), f"time points {shown}")))
    return found


def _said(name: str, study: StudySettings) -> str:
    """What a study asks, in a few words."""
    if isinstance(study, Study):
        kinds, models = ", ".join(_predictable(study)), ", ".join(model.name for model in study.models)
        return f"{name} predicts {study.endpoint} ({kinds}) by {models}"
    return f"{name} predicts nothing: it reports associations with {', '.join(study.endpoints) or 'days'}"


def _studies(declared: Catalog) -> Mapping[str, StudySettings]:
    """Studies that come with radweave and name only cohorts of this catalog."""
    found = {name: load_study(path) for name, path in study_files().items()}
    return {name: one for name, one in found.items() if set(one.all_cohorts) <= set(declared.cohorts)}


def _predictable(study: Study) -> list[str]:
    """Kinds of endpoints that all models of a study can predict."""
    return sorted(frozenset.intersection(*(candidate.model.predictable for candidate in study.models)))


def _words(words: Iterable[str]) -> Schema:
    return {"type": "string", "enum": list(words)}


def _tell_names(form: Any, parameter: str, names: Iterable[str]) -> None:
    """Let the form tell the names that may be typed: the UI has no list of words to choose from that takes files as well."""
    form.properties[parameter]["description"] += f". With radweave come {', '.join(names) or 'none'}"
