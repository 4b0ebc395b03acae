"""Signatures of a study as its file names them: which studies they are fitted by, and what is wrong with what it says of them."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from os.path import relpath
from pathlib import Path

from features.core.errors import ConfigError, Fault, RadweaveError, did_you_mean
from features.core.yaml import Document
from features.fusion.elsewhere import Elsewhere
from flows.named import find_study, read_study, study_files
from tasks.modelling.evaluation.study import Study, load_study, signatures_of
from tasks.modelling.signatures.signature import Signature, narrowed
from tasks.modelling.signatures.source import SignatureSource
from tasks.modelling.study_settings import StudySettings


def read_signatures(path: Path, beside: Path | None = None, above: tuple[Path, ...] = ()) -> tuple[Signature, ...]:
    """The signatures of the study in a file, with those that their studies use. beside: as for `read_study`.

    above: files of the studies that use this one. Raises ConfigError with all faults of one signature.
    """
    document = Document.load(path)
    plan = load_study(path)
    found = []
    for name, source in signatures_of(plan).items():
        where = document.where(("signatures", name))
        file = _file(source, path, where)
        if file.resolve() in (path.resolve(), *(one.resolve() for one in above)):
            raise ConfigError(
                [Fault(where, "a signature cannot be fitted by a study that uses it", f'"{source.study}"')]
            )
        other, recipes = read_study(file, beside)
        if not isinstance(other, Study):
            what = "a signature is fitted by a study that predicts, and this one reports associations"
            raise ConfigError([Fault(where, what, f'"{source.study}"')])
        if faults := list(_choice_faults(document, name, source, other)):
            raise ConfigError(faults)
        own = read_signatures(file, beside, (*above, path))
        blocks, model = source.blocks or next(iter(other.blocks)), source.model or other.models[0].name
        fitted = [one.name for one in other.candidates_of(blocks)]
        if other.shows(blocks):
            what = f"the set {blocks} of the study {other.name} names images: signatures of models of images are not supported"
            raise ConfigError([Fault(where, what, hint="name a set of columns by `blocks`")])
        if model not in fitted:
            what, there = (
                f"the candidate {model} of the study {other.name} is not fitted with the set",
                ", ".join(fitted),
            )
            raise ConfigError([Fault(where, what, f'"{blocks}"', there)])
        narrow = narrowed(other, blocks, model)
        used = tuple(one for one in own if one.name in narrow.signatures)
        place = "" if file in study_files().values() or beside is None else relpath(file.resolve(), beside.resolve())
        signature = Signature(name, narrow, recipes, source.at or other.predict_at, used, place)
        if both := [one for one in signature.all_cohorts if one in plan.all_cohorts]:
            what = f"the signature is fitted on {', '.join(both)}, and would be used there"
            raise ConfigError([Fault(where, what, allowed="cohorts that it is not fitted on, external or not")])
        found.append(signature)
    return tuple(found)


def cohorts_of(path: Path, beside: Path | None = None) -> tuple[str, ...]:
    """All cohorts of which a study needs tables: its own, then those that its signatures are fitted on."""
    plan = load_study(path)
    named = (name for one in read_signatures(path, beside) for name in one.all_cohorts) if signatures_of(plan) else ()
    return tuple(dict.fromkeys((*plan.all_cohorts, *named)))


def used_in(plan: StudySettings) -> list[Elsewhere]:
    """Where a study uses its signatures."""
    return [Elsewhere(name, plan.time_point) for name in plan.all_cohorts]


def signature_files(path: Path) -> list[Path]:
    """The files of the studies that a study's signatures are fitted by, and of those that these use, as far as they can be read."""
    found: list[Path] = []
    left = [path]
    while left:
        one = left.pop()
        with suppress(RadweaveError):
            sources = signatures_of(load_study(one)).values()
            new = [find_study(source.study, one.parent) for source in sources]
            left += [file for file in new if file not in (*found, path)]
            found += [file for file in new if file not in (*found, path)]
    return found


def _file(source: SignatureSource, path: Path, where: str) -> Path:
    try:
        return find_study(source.study, path.parent)
    except RadweaveError:
        own = [*(one.name for one in sorted(path.parent.glob("*.y*ml")) if one != path), *study_files()]
        what, allowed = "there is no such study", "the name of one of radweave, or a file as seen from this one"
        raise ConfigError([Fault(where, what, f'"{source.study}"', allowed, did_you_mean(source.study, own))]) from None


def _choice_faults(document: Document, name: str, source: SignatureSource, other: Study) -> Iterator[Fault]:
    """Which set of blocks, and which candidate, it is: named where there are several, and one that the study has."""
    told: Sequence[tuple[str, str, str, str | None, list[str]]] = (
        ("blocks", "set of blocks", "sets of blocks", source.blocks, list(other.blocks)),
        ("model", "candidate", "candidates", source.model, [one.name for one in other.models]),
    )
    for key, what, several, given, there in told:
        if given is None and len(there) > 1:
            said = f"the study {other.name} has several {several}: say by `{key}` which one is the signature"
            yield Fault(document.where(("signatures", name)), said, allowed=", ".join(there))
        if given is not None and given not in there:
            where = document.where(("signatures", name, key))
            hint = did_you_mean(given, there)
            yield Fault(where, f"the study {other.name} has no such {what}", f'"{given}"', ", ".join(there), hint)
