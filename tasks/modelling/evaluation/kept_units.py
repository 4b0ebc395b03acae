"""kept_units: units of a study, of which only what no earlier run has kept is computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from features.core.errors import DamagedError
from tasks.modelling.evaluation.fit import Fit
from tasks.modelling.evaluation.fit_address import FitAddress, FitAddresses
from tasks.modelling.evaluation.kept_fits import KeptFits
from tasks.modelling.evaluation.unit import Unit, fits_of
from tasks.modelling.half_trained import HalfTrained, keeping


@dataclass(frozen=True, eq=False)
class Todo:
    """What is left of a unit, with the address of each thing wanted, and where the fits go."""

    unit: Unit
    addresses: tuple[FitAddress, ...]
    kept: KeptFits


def run_and_keep(todo: Todo) -> list[Fit]:
    """As `run_unit`; each fit is kept as soon as it is done. Raises StoreError where it cannot be, or must not be, written."""
    found = []
    with keeping(HalfTrained(todo.kept.store, todo.kept.writing)) as half:
        for address, fit in zip(todo.addresses, fits_of(todo.unit), strict=True):
            found.append(todo.kept.keep(address, fit))
            half.forget()
    return found


@dataclass(eq=False)
class KeptUnits:
    """Units whose fits are looked up first.

    addresses: of all that is wanted, unit by unit. spoilt: places of kept fits that were damaged and are computed again.
    """

    units: list[Unit]
    kept: KeptFits
    addresses: list[tuple[FitAddress, ...]] = field(default_factory=list)
    spoilt: list[str] = field(default_factory=list)
    _found: list[list[Fit | None]] = field(default_factory=list)

    @classmethod
    def of(cls, units: Iterable[Unit], kept: KeptFits) -> KeptUnits:
        """Units with what is kept of them."""
        found, addresses = cls(list(units), kept), FitAddresses()
        for unit in found.units:
            found.addresses.append(addresses.of(unit))
            pairs = zip(found.addresses[-1], unit.wanted, strict=True)
            found._found.append([found._find(address, unit, name, one.name) for address, (name, one) in pairs])
        return found

    def _find(self, address: FitAddress, unit: Unit, name: str, model: str) -> Fit | None:
        try:
            return self.kept.find(address, name, unit.split, unit.fold, model)
        except DamagedError:
            self.kept.forget(address)
            self.spoilt.append(self.kept.place(address))
            return None

    @property
    def counts(self) -> tuple[int, int]:
        """How many fits were kept, and how many are wanted."""
        wanted = [fit for found in self._found for fit in found]
        return sum(fit is not None for fit in wanted), len(wanted)

    def todo(self) -> Iterator[Todo]:
        """What is to be computed, of the units of which anything is."""
        for unit, addresses, found in zip(self.units, self.addresses, self._found, strict=True):
            places = [i for i, fit in enumerate(found) if fit is None]
            if places:
                left = replace(unit, wanted=tuple(unit.wanted[i] for i in places))
                yield Todo(left, tuple(addresses[i] for i in places), self.kept)

    def with_computed(self, computed: Iterable[list[Fit]]) -> list[list[Fit]]:
        """All fits, unit by unit, in the order in which they are wanted. computed: those of `todo`, in its order."""
        rest = (fit for fits in computed for fit in fits)
        return [[next(rest) if fit is None else fit for fit in found] for found in self._found]
