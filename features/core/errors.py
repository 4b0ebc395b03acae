"""Errors that are the user's to mend. They print without a traceback; every other exception is a bug and prints with one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import ClassVar

from features.core.wording import counted


class ExitCode(IntEnum):
    """How a command ends: the kind of fault, for schedulers. docs/exit-codes.md says what each means and what to do."""

    SUCCESS = 0
    BUG = 1
    CONFIGURATION = 2
    DATA = 3
    STORE = 4
    THRESHOLD = 5
    NETWORK = 6
    MACHINE = 7


class RadweaveError(Exception):
    """A fault in what the user gave, with a message that says where, what is wrong and what to do."""

    exit_code: ClassVar[ExitCode] = ExitCode.CONFIGURATION


class DataError(RadweaveError):
    """Images, masks or tables are missing, cannot be read, or are not enough for what was asked."""

    exit_code = ExitCode.DATA


class StoreError(RadweaveError):
    """The store, or another place to write to, is missing, damaged, in use, full or of another version."""

    exit_code = ExitCode.STORE


class NetworkError(RadweaveError):
    """Another machine's service does not answer, or refuses: a PACS, object storage, a Prefect server, a Dask scheduler."""

    exit_code = ExitCode.NETWORK


class MachineError(RadweaveError):
    """This machine lacks what the work needs: a package, a checkpoint, memory."""

    exit_code = ExitCode.MACHINE


class DamagedError(StoreError):
    """A file of the store is missing or is not what was written: others may be whole."""


class WeightsError(MachineError):
    """A checkpoint is missing or its sha-256 differs. Weights are never replaced by random ones."""


class FitError(DataError):
    """A study cannot be fitted on these data: too few cases, too few events, one class."""


@contextmanager
def past_damage(unread: list[str] | None) -> Iterator[None]:
    """Go on past a damaged file that is read inside the block: its sentence is added to `unread`, once. None: it is raised."""
    try:
        yield
    except DamagedError as error:
        if unread is None:
            raise
        if str(error) not in unread:
            unread.append(str(error))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a configuration file."""

    where: str
    what: str
    found: str = ""
    allowed: str = ""
    hint: str = ""

    def __str__(self) -> str:
        parts = [f"{self.where}: {self.what}"]
        if self.found:
            parts.append(f"found {self.found}")
        if self.allowed:
            parts.append(f"allowed: {self.allowed}")
        if self.hint:
            parts.append(self.hint)
        return "; ".join(parts)


class ConfigError(RadweaveError):
    """All faults of one or several configuration files, reported together, each once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(dict.fromkeys(faults))
        count = f"{counted(len(self.faults), 'fault')} in the configuration"
        super().__init__("\n".join([count, *(f"  {fault}" for fault in self.faults)]))


class PlacedError(ValueError):
    """What is wrong at a place below the settings that a validator looks at. loc: keys and numbers that lead there."""

    def __init__(self, loc: Sequence[str | int], what: str) -> None:
        self.loc = tuple(loc)
        super().__init__(what)


def did_you_mean(found: object, allowed: Iterable[str]) -> str:
    """A hint that names the closest allowed word, or an empty string.

    >>> did_you_mean("clinicl", ["clinical", "genomic"])
    'did you mean "clinical"?'
    """
    close = get_close_matches(str(found), list(allowed), n=1, cutoff=0.6)
    return f'did you mean "{close[0]}"?' if close else ""


def hint_sentence(found: object, allowed: Iterable[str]) -> str:
    """The hint of `did_you_mean` as a sentence of its own, for after a full stop."""
    hint = did_you_mean(found, allowed)
    return hint[:1].upper() + hint[1:]
