"""find_endpoints: pairs of a time and an event, and flags that are outcomes, among the columns of a folder's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.drafting.columns import ColumnDraft
from tasks.drafting.remark import Remark, guess, question

TIME_UNITS = {
    "d": "days",
    "day": "days",
    "days": "days",
    "week": "weeks",
    "weeks": "weeks",
    "mo": "months",
    "month": "months",
}
TIME_UNITS |= {"months": "months", "mos": "months", "year": "years", "years": "years", "yr": "years", "yrs": "years"}
TIME_UNITS |= {"tag": "days", "tage": "days", "tagen": "days", "wochen": "weeks", "monat": "months", "monate": "months"}
TIME_UNITS |= {"monaten": "months", "jahr": "years", "jahre": "years", "jahren": "years"}
_TIMES = frozenset(
    """
    time days months years weeks day month year survival followup follow os pfs dfs rfs efs ttp dss mfs lrfs dmfs duration
    zeit tage wochen monate jahre ueberleben gesamtueberleben ueberlebenszeit beobachtungszeit nachsorge
    """.split()  # noqa: SIM905
)
_PLAIN = frozenset(TIME_UNITS) | frozenset(
    """
    time to last first until from of the or and event status flag censor follow up
    """.split()  # noqa: SIM905
)
_GOES_WITH = {  # words of a time → beginnings of words of its event
    "os": ("death", "dead", "deceas", "vital", "surviv", "alive", "os"),
    "survival": ("death", "dead", "deceas", "vital", "surviv", "alive"),
    "followup": ("death", "dead", "deceas", "vital", "alive"),
    "ueberleben": ("tod", "tot", "verst", "vital"),
    "gesamtueberleben": ("tod", "tot", "verst", "vital"),
    "ueberlebenszeit": ("tod", "tot", "verst", "vital"),
    "beobachtungszeit": ("tod", "tot", "verst", "vital"),
    "nachsorge": ("tod", "tot", "verst", "vital"),
    "rfs": ("recur", "relaps"),
    "dfs": ("recur", "relaps", "disease"),
    "pfs": ("progress",),
    "ttp": ("progress",),
    "efs": ("event",),
}


@dataclass(frozen=True)
class EndpointDraft:
    """An endpoint, or, where the unit of its time is not known, what is asked for it."""

    name: str
    values: dict[str, str]
    remark: Remark


def find_endpoints(columns: Sequence[ColumnDraft]) -> list[EndpointDraft]:
    """Endpoints of the columns that are outcomes by their names. A unit that no name tells is asked for, never guessed."""
    outcomes = [one for one in columns if one.outcome]
    times = [one for one in outcomes if is_time(one)]
    events = [one for one in outcomes if one.kind == "flag"]
    found, used, names = [], set[str](), set[str]()
    scored = [(score, time, event) for time in times for event in events if (score := _score(time, event))]
    if not scored and len(times) == len(events) == 1:
        scored = [(1, times[0], events[0])]
    for _, time, event in sorted(scored, key=lambda one: -one[0]):
        if {time.word, event.word} & used:
            continue
        used |= {time.word, event.word}
        name = _free(endpoint_name(time.word, event.word), names)
        values = {
            "kind": "survival",
            "time": time.word,
            "event": event.word,
            "description": f"{time.name}, {event.name}",
        }
        found.append(EndpointDraft(name, values, _remark(name, time, event)))
    for event in events:
        if event.word not in used:
            name = _free(event.word, names)
            values = {"kind": "binary", "column": event.word, "description": event.name}
            found.append(EndpointDraft(name, values, guess(f"endpoint {name}", "an outcome by its name")))
    return found


def is_time(column: ColumnDraft) -> bool:
    """Whether a column holds a time to an event, by its type and its name."""
    return column.kind == "number" and column.outcome and bool(_words(column) & _TIMES)


def unit_of(column: ColumnDraft) -> str:
    """The unit of a time as its name tells it, else nothing."""
    units = {TIME_UNITS[word] for word in _words(column) & TIME_UNITS.keys()}
    return units.pop() if len(units) == 1 else ""


def _words(column: ColumnDraft) -> set[str]:
    return set(column.word.replace("follow_up", "followup").replace("lastfollowup", "followup").split("_"))


def _score(time: ColumnDraft, event: ColumnDraft) -> int:
    own, other = _words(time), _words(event)
    shared = (own & other) - _PLAIN
    begins = [start for word in own for start in _GOES_WITH.get(word, ())]
    return 2 * len(shared) + any(part.startswith(start) for part in other for start in begins)


def endpoint_name(time: str, event: str) -> str:
    """A word for the endpoint of a time and its event, by their words.

    >>> endpoint_name("os_days", "dead"), endpoint_name("time", "relapse")
    ('os', 'relapse')
    """
    told = [word for word in time.split("_") if word not in _PLAIN | {"followup", "survival"}]
    return "_".join(told) or event


def _free(name: str, names: set[str]) -> str:
    while name in names:
        name = f"{name}_2"
    names.add(name)
    return name


def _remark(name: str, time: ColumnDraft, event: ColumnDraft) -> Remark:
    answers = (f"{name}: {{kind: survival, time: {time.word}, event: {event.word}}}",)
    if _may_be_censored(event):
        text = f'"{event.name}" may say of whom no event was seen: its name does. If so, turn its codes round; then take this in'
        return question(f"endpoint {name}", text, *answers)
    if unit := unit_of(time):
        return guess(f"endpoint {name}", f'"{time.name}" in {unit} and "{event.name}", by their names')
    text = f'it waits for the unit of "{time.name}", which is asked at its column; then take this in'
    return question(f"endpoint {name}", text, *answers)


def _may_be_censored(event: ColumnDraft) -> bool:
    """Whether a flag is named for censoring and its cells do not tell what is true."""
    named = any(part.startswith(("censor", "zensi")) for part in event.word.split("_"))
    return named and not any(cell[:1].isalpha() for cell, _ in event.codes)
