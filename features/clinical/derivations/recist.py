"""recist: response by RECIST 1.1, from diameters of target lesions, other lesions and new ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Literal

from pydantic import Field, NonNegativeFloat, model_validator

from features.clinical.recist_rules import BEST_FIRST, Visited, best_response, is_there, overall, target_response
from features.core.catalog.table_source import Variable, Word
from features.core.errors import Fault
from features.core.frozen import Frozen
from features.core.kinds.derivation import Derivation, Input, NotDerived, Value
from features.core.quarantine import Rejected

MOST_LESIONS, MOST_OF_AN_ORGAN = 5, 2
OTHERS = ("none", "CR", "non-CR/non-PD", "PD", "NE")  # what may be said of non-target lesions


class Lesion(Frozen):
    """What is known of a target lesion besides its diameters."""

    node: bool | Word = Field(
        False,
        description="whether it is a lymph node, whose short axis counts; or the variable of type flag that says so",
    )
    organ: Word | None = Field(
        None, description="variable of type category: where it lies; two lesions of an organ at most"
    )


class Visit(Frozen):
    """A time point after baseline, by its variables."""

    name: Word = Field(description="what it is called, for `at`")
    days: Word = Field(description="variable: days from baseline to it")
    diameters: tuple[Word, ...] = Field(
        min_length=1, max_length=MOST_LESIONS, description="variables in mm, in the order of `baseline`; 0: disappeared"
    )
    new_lesion: Word | None = Field(
        None, description="variable of type flag: a new lesion was seen; left out: none ever was"
    )
    other_lesions: Word | None = Field(
        None,
        description=f"variable of the non-target lesions: a category with levels of {', '.join(OTHERS)}; left out: there are none",
    )


class Recist(Derivation):
    """The response at a visit, or the best one: CR, PR, SD, PD or NE, with flags and the day of progression.

    Source: Eisenhauer et al., Eur J Cancer 2009;45:228. The sum of the target lesions' diameters (short axis of nodes) is
    compared with baseline (30 % less: PR) and with the smallest sum so far (20 % and 5 mm more: PD). All gone, nodes under
    10 mm: CR. A new lesion is PD, and so is whatever comes back after a CR. What was not measured makes NE, unless the rest
    alone is PD. From the first PD on, all is PD. At most five lesions, two of an organ, each measurable at baseline; patients
    without a target lesion have no response.
    Rejected: lesions against these rules (TAB_RECIST), visits not in the order of time (TAB_ORDER), negative diameters
    (TAB_RANGE).
    """

    kind: Literal["recist"] = "recist"
    baseline: tuple[Word, ...] = Field(
        min_length=1, max_length=MOST_LESIONS, description="variables of the diameters in mm; missing: no such lesion"
    )
    lesions: tuple[Lesion, ...] = Field(
        (), description="what each lesion is, in the order of `baseline`; left out: none is a lymph node"
    )
    visits: tuple[Visit, ...] = Field(min_length=1, description="time points after baseline, in the order of time")
    at: Word = Field("best", description="name of the visit whose response is meant, or best: the best of all")
    stable_days: NonNegativeFloat = Field(
        42, description="SD counts for the best response from this day on; 6 to 8 weeks are usual"
    )
    confirm_days: NonNegativeFloat | None = Field(
        None,
        description="CR and PR count for the best response if seen again so many days later, 28; without it, at once",
    )
    smallest_mm: NonNegativeFloat = Field(10, description="a lesion is measurable at baseline from this diameter on")
    smallest_node_mm: NonNegativeFloat = Field(15, description="a lymph node is measurable from this short axis on")

    @model_validator(mode="after")
    def check_lesions(self) -> Recist:
        if self.lesions and len(self.lesions) != len(self.baseline):
            raise ValueError("lesions are as many as the diameters at baseline")
        names = [visit.name for visit in self.visits]
        if len(set(names)) != len(names) or "best" in names:
            raise ValueError('visits have names of their own, and none is "best"')
        if self.at not in ("best", *names):
            raise ValueError(f'at: there is no visit "{self.at}"; allowed: best, {", ".join(names)}')
        for visit in self.visits:
            if len(visit.diameters) != len(self.baseline):
                raise ValueError(f"{visit.name} has diameters of as many lesions as baseline")
        return self

    def inputs(self) -> tuple[Input, ...]:
        found = [Input(name, unit="mm", is_early=True) for name in self.baseline]
        for lesion in self.lesions:
            found += [Input(lesion.node, ("flag",), is_early=True)] if isinstance(lesion.node, str) else []
            found += [Input(lesion.organ, ("category",), is_early=True)] if lesion.organ else []
        for visit in self.visits:
            found += [Input(visit.days, unit="days"), *(Input(name, unit="mm") for name in visit.diameters)]
            found += [Input(visit.new_lesion, ("flag",))] if visit.new_lesion else []
            found += [Input(visit.other_lesions, ("category", "ordinal"))] if visit.other_lesions else []
        return tuple({one.variable: one for one in found}.values())

    def faults(self, variables: Mapping[str, Variable]) -> Iterator[Fault]:
        for i, visit in enumerate(self.visits):
            levels = variables[visit.other_lesions].levels if visit.other_lesions else ()
            for level in levels:
                if level not in OTHERS:
                    what = f'"{visit.other_lesions}" has a level that RECIST does not know'
                    yield Fault(f"visits.{i}", what, f'"{level}"', ", ".join(OTHERS))

    def gives(self, variables: Mapping[str, Variable]) -> dict[str, Variable]:  # noqa: ARG002
        what = self.description or ("best response" if self.at == "best" else f"response at {self.at}")
        return {
            "": _outcome(f"{what} (RECIST 1.1)", "category", BEST_FIRST),
            "order": _outcome(f"{what} (RECIST 1.1), poorest to best", "ordinal", BEST_FIRST[-2::-1]),
            "objective": _outcome(f"{what}: CR or PR", "flag"),
            "control": _outcome(f"{what}: CR, PR or SD", "flag"),
            "change": _outcome(f"{what}: change of the sum of diameters from baseline", "number", unit="percent"),
            "progression_days": _outcome("days to progression (RECIST 1.1)", "number", unit="days"),
            "last_visit_days": _outcome("days to the last visit with a response (RECIST 1.1)", "number", unit="days"),
        }

    def derive(self, values: Mapping[str, Value]) -> dict[str, Value] | NotDerived:
        start = _numbers(values, self.baseline)
        if not any(start):
            return NotDerived.NO_TARGET_LESION
        flags = [one.node for one, value in zip(self.lesions, start, strict=False) if value is not None]
        if any(isinstance(flag, str) and values[flag] is None for flag in flags):
            return NotDerived.NO_VALUE
        nodes = [
            bool(values[one.node]) if isinstance(one.node, str) else one.node
            for one in self.lesions or (Lesion(),) * len(start)
        ]
        self._check_baseline(values, start, nodes)
        visits = self._visits(values, start, nodes)
        if isinstance(visits, NotDerived):
            return visits
        meant = [one for one in visits if self.at in ("best", one.name)]
        if not meant:
            return NotDerived.NO_VISIT
        progressed = min((one.day for one in visits if one.response == "PD"), default=inf)
        before = [one for one in visits if one.day <= progressed]
        response = meant[0].response
        if self.at == "best":
            response, meant = best_response(visits, self.stable_days, self.confirm_days), before
        is_known = response != "NE"
        return {
            "": response,
            "order": response if is_known else None,
            "objective": response in ("CR", "PR") if is_known else None,
            "control": response != "PD" if is_known else None,
            "change": min((one.change for one in meant if one.change is not None), default=None),
            "progression_days": progressed if progressed < inf else None,
            "last_visit_days": max((one.day for one in before if one.response != "NE"), default=None),
        }

    def _check_baseline(
        self, values: Mapping[str, Value], start: Sequence[float | None], nodes: Sequence[bool]
    ) -> None:
        for name, value, is_node in zip(self.baseline, start, nodes, strict=True):
            smallest = self.smallest_node_mm if is_node else self.smallest_mm
            if value is not None and value < smallest:
                raise Rejected("TAB_RECIST", f"{name} is below {smallest:g} mm, and no target lesion")
        pairs = zip(self.lesions, start, strict=False)
        organs = [values[one.organ] for one, value in pairs if one.organ and value is not None]
        counts = Counter(organ for organ in organs if organ is not None)
        if max(counts.values(), default=0) > MOST_OF_AN_ORGAN:
            raise Rejected("TAB_RECIST", f"more than {MOST_OF_AN_ORGAN} target lesions lie in one organ")

    def _visits(
        self, values: Mapping[str, Value], start: Sequence[float | None], nodes: Sequence[bool]
    ) -> list[Visited] | NotDerived:
        """The visits that took place. One with nothing but missing values did not."""
        found: list[Visited] = []
        total = nadir = sum(value for value in start if value is not None)
        for visit in self.visits:
            own = _numbers(values, visit.diameters)
            new = values[visit.new_lesion] if visit.new_lesion else False
            others = values[visit.other_lesions] if visit.other_lesions else "none"
            day = values[visit.days]
            said = [*own, *(values[name] for name in (visit.days, visit.new_lesion, visit.other_lesions) if name)]
            if all(one is None for one in said):
                continue
            if not isinstance(day, float):
                return NotDerived.DAY_UNKNOWN
            if day <= (found[-1].day if found else 0.0):
                before = "the visit before it" if found else "baseline"
                raise Rejected("TAB_ORDER", f"{visit.days} is not after {before}")
            for name, value, first in zip(visit.diameters, own, start, strict=True):
                if value is not None and first is None:
                    raise Rejected("TAB_RECIST", f"{name} is of a lesion that has no diameter at baseline")
            triples = zip(own, nodes, start, strict=True)
            lesions = [(value, is_node) for value, is_node, first in triples if first is not None]
            target = target_response(lesions, total, nadir)
            response = overall(target, str(others or "NE"), new is True if new is not None else None)
            back = is_there(lesions) or others == "non-CR/non-PD"  # of all that a CR saw gone: table 3
            if any(one.response == "PD" or (one.response == "CR" and back) for one in found):
                response = "PD"
            is_whole = all(value is not None for value, _ in lesions)
            seen = sum(value for value, _ in lesions if value is not None)
            found.append(Visited(visit.name, day, response, 100 * (seen - total) / total if is_whole else None))
            nadir = min(nadir, seen) if is_whole else nadir
        return found or NotDerived.NO_VISIT


def _outcome(description: str, type_: str, levels: Sequence[str] = (), unit: str = "") -> Variable:
    settings = {"type": type_, "role": "outcome", "levels": tuple(levels), "unit": unit, "description": description}
    return Variable.model_validate(settings)


def _numbers(values: Mapping[str, Value], names: Sequence[str]) -> list[float | None]:
    found: list[float | None] = []
    for name in names:
        value = values[name]
        if isinstance(value, float) and value < 0:
            raise Rejected("TAB_RANGE", f"{name} is below zero, and a diameter")
        found.append(value if isinstance(value, float) else None)
    return found
