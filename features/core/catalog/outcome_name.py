"""Names that outcomes have: a predictor with such a name is asked for twice, because most of them are leaks."""

from __future__ import annotations

import re

_WORDS = frozenset(
    """
    alive autopsy censor censored censoring dead death deaths deceased dfs died dss efs event events followup mortality
    os outcome pfs progressed progression recurred recurrence recurrences recurrent relapse relapsed rfs survival
    survived survivor ttp
    beobachtungszeit gesamtueberleben nachsorge rezidiv rezidive tod todesursache tot ueberleben ueberlebenszeit verstorben
    """.split()  # noqa: SIM905
)
# An outcome only with a time: distant_days is one, distant_lymph_nodes is none.
_FAILURES = frozenset(
    "distant dm failure local locoregional lr lrc metastases metastasis regional".split()  # noqa: SIM905
)
_TIMES = frozenset("date days month months time week weeks year years".split())  # noqa: SIM905
_PHRASES = (
    "follow up",
    "last contact",
    "last seen",
    "last visit",
    "vital status",
    "disease status",
    "life status",
    "cause of death",
    "end of study",
    "n scans",
)


def outcome_word(name: str) -> str:
    """The word or phrase by which a column's name looks like that of an outcome, or an empty string.

    >>> outcome_word("OS (months)"), outcome_word("VitalStatus"), outcome_word("performance status")
    ('os', 'vital status', '')
    """
    words: list[str] = [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]
    if words in (["status"], ["target"]):
        return words[0]
    text = f" {' '.join(words)} "
    phrase = next((phrase for phrase in _PHRASES if f" {phrase} " in text), "")
    outcomes = _WORDS | _FAILURES if _TIMES.intersection(words) else _WORDS
    return phrase or next((word for word in words if word in outcomes), "")
