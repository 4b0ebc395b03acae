"""seal: a saved model as one file, with which another house scores a cohort of its own."""

from pathlib import Path

from features.core.digest import digest_bytes
from features.core.errors import RadweaveError
from features.core.storage.place import is_file, open_place, read_bytes, write_bytes
from features.core.storage.store import Store
from features.results.models import checked_file, find_model, read_model
from features.results.packages import ENDING, package_bytes, read_package
from features.results.runs import MODEL
from flows.installed import code_digest, version
from flows.scoring import asked_of
from tasks.modelling.saved.loaded import load_model
from tasks.reports.package_guide import guide_text, package_needs


def seal_model(given: str, place: str, output: Path | None, *, with_cases: bool = False) -> tuple[Path, str]:
    """Write a package of a model; returns its path and its sha-256. given: as `find_model` takes it. output: the file; None: named
    for the study and the model.

    Raises RadweaveError for a model that holds values of single training cases, unless `with_cases` says that these may leave;
    for another ending, and a file that is there and is another one.
    """
    folder = find_model(Store(open_place(place)), given)
    loaded = load_model(folder)
    facts = read_model(folder)
    study = facts["study"]["name"]
    name = f"{study}/{facts['digest'][:16]}"
    if facts.get("keeps_cases") and not with_cases:
        raise RadweaveError(
            f"the model {name} holds values or outcomes of single training cases: seal another model, or say --with-cases if "
            "these may be given to whom you give the package"
        )
    path = output or Path(f"{study}-{facts['digest'][:16]}{ENDING}")
    if loaded.final.of_images:
        raise RadweaveError(
            f"the model {name} is shown images: packages of such models are not supported; score cohorts of this store by it, "
            "or seal a model of columns"
        )
    if path.suffix != ENDING:
        raise RadweaveError(f"{path}: unknown ending; allowed: {ENDING}")
    _, recipes = asked_of(loaded)
    about = {
        "title": f"{loaded.final.model} of {study}",
        "model": name,
        "radweave": version(),
        "cohorts": list(loaded.final.seen_cohorts),
    }
    needs = package_needs(loaded.final, loaded.schema, recipes)
    files = {name: checked_file(folder, name, sha256) for name, sha256 in facts["files"].items()}
    data = package_bytes(
        {**files, MODEL: read_bytes(folder / MODEL)},
        guide_text(about, needs),
        {**about, "code": code_digest(), "needs": needs},
        version(),
    )
    if is_file(path) and read_bytes(path) != data:
        raise RadweaveError(f"{path}: there is another file of this name; remove it, or give another name by --output")
    write_bytes(path, data)
    read_package(path, version())  # what was written is what will be read
    return path, digest_bytes(data)
