"""judge_columns: what the columns of a table can be: numbers, flags, categories, dates, or nothing that may be written."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from features.core.catalog.outcome_name import outcome_word
from features.privacy.words import Vocabulary
from features.tables.excel import is_excel_damage
from features.tables.number import parse_number
from tasks.drafting.sheets import Sheet

MOST_LEVELS = 12
LONGEST_LEVEL = 40
MISSING = frozenset(
    {"n/a", "na", "nan", "none", "null", "unknown", "unk", "missing", "not available", "?", ".", "-", "nd"}
    | {"unbekannt", "k.a.", "k. a.", "keine angabe"}
)
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d", "%Y-%m-%d %H:%M:%S", "%d-%m-%Y")
TRUE = frozenset(
    {"1", "yes", "y", "true", "t", "positive", "pos", "dead", "deceased", "present", "event", "progressed", "recurred"}
    | {"ja", "j", "wahr", "positiv", "verstorben", "tot", "vorhanden", "ereignis"}
)
FALSE = frozenset(
    {"0", "no", "n", "false", "f", "negative", "neg", "alive", "living", "absent", "censored", "none"}
    | {"nein", "falsch", "negativ", "lebend", "lebt", "zensiert"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
_CODE = re.compile(
    r"[A-Za-z]|[TNMGp]{0,2}[0-9][a-d]?|[IV]{1,4}[a-dA-D]?[0-9]?|female|male|yes|no|low|high|intermediate", re.IGNORECASE
)
_PRIVATE = re.compile(
    r"name|surname|initials|birth|dob|address|street|city|town|phone|mail|mrn|ssn|accession|physician|doctor|surgeon|operator"
    r"|radiologist|reader|referr|insurance|zip|post_?code|postal|uid|path"
    r"|comment|remark|note"
    r"|geb\b|geburt|stra(ss|ß)e|wohnort|telefon|\barzt|ärzt|chirurg|versicher|\bplz\b|fallnummer|bemerk|anmerk|kommentar",
    re.IGNORECASE,
)
_OUTCOME = re.compile(
    r"recur|relaps|metasta|mets\b|progress|respon|surviv|death|dead|vital|status|event|outcome|failure|_os|_pfs"
    r"|rezidiv|(ü|ue)berleb|verstorben|verstarb|\btod|\btot\b|progredien|r(ü|ue)ckfall|nachsorge|beobachtungs",
    re.I,
)


@dataclass(frozen=True)
class ColumnDraft:
    """What a column can be. word: its name in the catalog. missing: codes besides '' and NA that stand for nothing.

    codes: of a flag or category, cell → what it means; none where cells are the levels themselves. why: of a column that is
    left out. dates: the formats that all cells of a date have.
    """

    name: str
    word: str
    kind: Literal["number", "flag", "category", "date", "left out"]
    outcome: bool = False
    missing: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    codes: tuple[tuple[str, str | bool], ...] = ()
    why: str = ""
    guessed: bool = False
    dates: tuple[str, ...] = ()


def judge_columns(sheet: Sheet, place: int) -> list[ColumnDraft]:
    """A draft for each column but the ids', which stand at `place`.

    Cells are shown nowhere but as levels, which two rows have to share, or which can be no person's.
    """
    words: set[str] = set()
    found = []
    for i, name in enumerate(sheet.header):
        if i == place or not name or sheet.header.count(name) > 1:
            continue
        word = _word(name, words)
        words.add(word)
        if _PRIVATE.search(name):
            why = "its name is that of something personal or of a free text"
            found.append(ColumnDraft(name, word, "left out", is_outcome(name, word), why=why))
        else:
            found.append(judge_column(name, word, sheet.column(i), sheet.decimal))
    return found


def slug(name: str) -> str:
    """A word of the catalog for a name: small letters, digits and underscores.

    >>> slug("Survival.time"), slug("Age (months)"), slug("2-year OS"), slug("Überleben")
    ('survival_time', 'age_months', 'v_2_year_os', 'ueberleben')
    """
    text = re.sub("([a-zäöüß])([A-ZÄÖÜ])", r"\1_\2", unicodedata.normalize("NFC", name)).lower().translate(_UMLAUTS)
    text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    plain = re.sub("[^a-z0-9]+", "_", text).strip("_")
    return (plain if re.match("[a-z]", plain) else f"v_{plain}")[:60].rstrip("_") or "v"


def _word(name: str, words: Collection[str]) -> str:
    word = plain = slug(name)
    number = 2
    while word in words:
        word = f"{plain[:55]}_{number}"
        number += 1
    return word


def judge_column(name: str, word: str, cells: Sequence[str], decimal: Literal[".", ","]) -> ColumnDraft:
    """The draft of a column under a word, by its cells, whatever its name says of persons."""
    outcome = is_outcome(name, word)
    there = [cell for cell in cells if cell not in ("", "NA")]
    missing = tuple(sorted({cell for cell in there if cell.lower() in MISSING}))
    counts = Counter(cell for cell in there if cell not in missing)
    if len(counts) < 2:
        return ColumnDraft(name, word, "left out", outcome, why="it is empty, or the same for everybody")
    if any(is_excel_damage(cell) for cell in counts) and not _is_date(counts):
        return ColumnDraft(name, word, "left out", outcome, why="Excel has turned some of its cells into dates")
    if flag := _flag(counts):
        return ColumnDraft(name, word, "flag", outcome, missing, codes=flag, guessed=set(counts) != {"0", "1"})
    if "none" in {one.lower() for one in missing} and "none" not in [cell.lower() for cell in counts]:
        counts = Counter(cell for cell in there if cell not in missing or cell.lower() == "none")
        missing = tuple(one for one in missing if one.lower() != "none")
    if all(parse_number(cell, decimal) is not None for cell in counts):
        return ColumnDraft(name, word, "number", outcome, missing)
    if _is_date(counts):
        return ColumnDraft(name, word, "date", outcome, missing, why="it holds dates", dates=_date_formats(counts))
    if len(counts) > MOST_LEVELS or any(len(cell) > LONGEST_LEVEL for cell in counts):
        return ColumnDraft(name, word, "left out", outcome, missing, why=f"it holds {len(counts)} different texts")
    if any(count < 2 and not is_code(cell) for cell, count in counts.items()):
        why = f"some of its {len(counts)} texts stand in one row alone: declare its levels yourself"
        return ColumnDraft(name, word, "left out", outcome, missing, why=why)
    return ColumnDraft(name, word, "category", outcome, missing, levels=tuple(sorted(counts)))


def _flag(counts: Counter[str]) -> tuple[tuple[str, bool], ...]:
    """Which cells mean true and false, if there are two that say so; 1.0 and 0.0 are 1 and 0."""
    plain = {cell: re.sub(r"^([01])\.0$", r"\1", cell).lower() for cell in counts}
    if len(set(plain.values())) != 2 or not set(plain.values()) <= TRUE | FALSE:
        return ()
    if len({word in TRUE for word in plain.values()}) != 2:
        return ()
    return tuple((cell, word in TRUE) for cell, word in sorted(plain.items(), key=lambda one: one[1] not in TRUE))


def is_outcome(name: str, word: str) -> bool:
    """Whether a name is that of an outcome."""
    return bool(outcome_word(name) or outcome_word(word) or _OUTCOME.search(name))


def is_code(cell: str) -> bool:
    """Whether a cell is no person's even if it stands once: a letter, a stage, a word for regions, techniques or sexes."""
    return bool(_CODE.fullmatch(cell)) or Vocabulary().clean(cell) == cell


def _is_date(counts: Collection[str]) -> bool:
    return bool(_date_formats(counts))


def _date_formats(counts: Collection[str]) -> tuple[str, ...]:
    return tuple(form for form in DATES if all(_parses(cell, form) for cell in counts))


def _parses(cell: str, form: str) -> bool:
    try:
        return 1900 <= datetime.strptime(cell, form).year <= 2100
    except ValueError:
        return False
