"""cases: which cases a store holds anything of, by their ids."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches
from itertools import takewhile
from pathlib import Path

from features.core.errors import RadweaveError, hint_sentence, past_damage
from features.core.pseudonym import is_pseudonym
from features.core.storage.store import Store
from features.core.storage.table import column_names, read_table
from features.results.audit import withdrawn_in
from features.results.manifest import kept_manifests, newest, read_audit, split_name
from features.results.runs import run_files

MOST = 3  # ids that a message shows
PLACE = ("patient", "timepoint", "lesion")  # columns of a case id, after the cohort
UNKNOWN = "unknown"  # stands for the patient of a file that names none


def is_of(case: str, withdrawn: str) -> bool:
    """Whether a case id is a withdrawn one, or of a withdrawn patient."""
    return case == withdrawn or case.startswith(f"{withdrawn}:")


def cases_of(store: Store, unread: list[str] | None = None) -> set[str]:
    """Every case, and the patients as `cohort:patient`, in the tables of all kept refreshes and of all studies.

    unread: gets a sentence for each file that is damaged; without it, StoreError is raised.
    """
    return {case for case, _ in cases_by_place(store, unread)}


def cases_by_place(store: Store, unread: list[str] | None = None) -> Iterator[tuple[str, str]]:
    """What `cases_of` gives, each with the refresh or the run of a study that holds it, as a message tells it."""
    seen: set[str] = set()
    for manifest in reversed(kept_manifests(store, unread)):
        for name, file in manifest.files.items():
            if file.path not in seen:
                seen.add(file.path)
                with past_damage(unread):
                    found = cases_at(store.root / file.path, split_name(name)[1])
                    yield from ((one, f"refresh {manifest.refresh}") for one in found)
    for name in run_files(store):
        if name.endswith(".parquet"):
            run = name.rsplit("/", 1)[0].replace("studies/", "study ", 1)
            with past_damage(unread):
                yield from ((one, run) for one in cases_at(store.root / name, ""))


def cases_at(path: Path, cohort: str) -> Iterator[str]:
    """The cases in a table and their patients. cohort: of a table that may have rows of patients, not of images.

    Raises StoreError if it cannot be read.
    """
    names = column_names(path)
    keys = ["case"] if "case" in names else list(takewhile(names.__contains__, PLACE)) if cohort else []
    rows = read_table(path, keys).group_by(keys, use_threads=False).aggregate([]).to_pylist() if keys else []
    for row in rows:
        parts = str(row["case"]).split(":") if "case" in row else [cohort, *filter(None, row.values())]
        if len(parts) > 1 and parts[1] != UNKNOWN:
            yield from (":".join(parts[:count]) for count in range(2, len(parts) + 1))


def check_case(store: Store, case: str, *, in_advance: bool) -> None:
    """Raises RadweaveError if the store holds nothing of a case and it was not withdrawn before, with the nearest ids.

    in_advance: a patient of whom the store holds nothing yet is right, too. What has not the form of a pseudonym is not
    repeated: it may be the patient's own id.
    """
    parts = case.split(":")
    how = "radweave pseudonym COHORT gives the one of a patient id"
    if not 2 <= len(parts) <= 4 or not all(parts):
        raise RadweaveError(f"this is no case id; it reads cohort:patient or cohort:patient:timepoint[:lesion]; {how}")
    cohorts = newest(store).cohorts
    if parts[0] not in cohorts:
        said = f'the store has no cohort "{parts[0]}"; it has {", ".join(cohorts) or "none"}'
        raise RadweaveError(f"{said}. {hint_sentence(parts[0], cohorts)}".removesuffix(". "))
    unread: list[str] = []
    known = cases_of(store, unread) | withdrawn_in(read_audit(store))
    if case in known or ":".join(parts[:2]) in withdrawn_in(read_audit(store)):
        return
    if in_advance and (is_pseudonym(parts[1]) or ":".join(parts[:2]) in known):
        return
    if in_advance:
        raise RadweaveError(f"this patient is named by no pseudonym, and nothing was changed; {how}")
    close = ", ".join(nearest(case, known))
    found = f"nearest are {close}" if close else "none of its patients is near to it"
    raise RadweaveError(
        f"{told(case)}: the store holds nothing of it, and nothing was changed; {found}; {how}; "
        "--bar keeps out a patient whose scans have not come yet"
        + "".join(f"\n  damaged, so it may hold it: {one}" for one in unread)
    )


def nearest(case: str, known: Collection[str]) -> list[str]:
    """The cases of a patient who is known; else the patients whose ids are most like it, whatever their cohort."""
    code = _code(case)
    own = [one for one in known if one.count(":") > 1 and one.startswith(f"{case.split(':')[0]}:{code}:")]
    if own:
        return sorted(own)[: 2 * MOST]
    patients = sorted({":".join(one.split(":")[:2]) for one in known})
    close = get_close_matches(code, sorted({_code(one) for one in patients}), n=MOST, cutoff=0.5)
    return [one for found in close for one in patients if _code(one) == found]


def told(case: str) -> str:
    """A case as messages show it: not at all if its patient might be a patient's own id."""
    return case if is_pseudonym(_code(case)) else "this case"


def _code(case: str) -> str:
    return [*case.split(":"), ""][1]
