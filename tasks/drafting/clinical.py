"""draft_tables: the clinical tables of a cohort with their variables and endpoints, every guess marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from features.core.catalog.id_form import IdForm, normalise_id
from tasks.drafting.columns import ColumnDraft, judge_columns, slug
from tasks.drafting.commented import Noted, as_lines, plain
from tasks.drafting.ids import Ids, find_ids, likely_column
from tasks.drafting.outcomes import find_endpoints, is_time, unit_of
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.sheets import Sheet

MOST_VARIABLES = 60
MOST_NAMED = 12
_CENTRES = ("centre", "center", "hospital", "institution", "institute", "clinic")
_VISITS = ("visit", "timepoint", "session", "week", "scan", "visitcode", "visitname", "viscode")
_DAYS = ("day", "days", "studyday", "visitday", "dayofvisit", "daysfromstart", "daysfrombaseline")
_DATES = ("date", "visitdate", "scandate", "dateofvisit", "studydate", "examdate", "scanned")
_DOWNLOAD = ("series uid", "seriesinstanceuid", "file location", "series instance uid", "sop class uid")


class TableDraft:
    """What the tables of a folder become: the catalog's tables, variables and endpoints, and id_form; `left` in sentences."""

    def __init__(
        self, sheets: Sequence[Sheet], centres: Mapping[str, frozenset[str]], refused: Mapping[str, str]
    ) -> None:
        """centres: the ids of the images' patients, by centre. refused: paths of tables that cannot be read as they were
        drafted before, and why. `mixed`: tables with patients of several centres, which a catalog cannot describe.
        """
        patients = frozenset[str]().union(*centres.values())
        self._centres = centres
        self.mixed: list[str] = []
        self.centre_columns: list[str] = []
        self.tables: list[Any] = []
        self.variables: dict[str, Any] = {}
        self.endpoints: dict[str, Any] = {}
        self.id_form: dict[str, Any] = {}
        self.left: list[str] = []
        self.matched: dict[str, int] = {}
        self._questions: list[Noted] = []
        self._columns: dict[str, ColumnDraft] = {}
        self._taken: dict[str, set[str]] = {centre: set() for centre in centres}
        read: list[tuple[Sheet, Ids]] = []
        named = 0
        for sheet in sheets:
            if any(name.lower() in _DOWNLOAD for name in sheet.header):
                self.left.append(f"{sheet.shown} left out: it lists what was downloaded, not patients")
            elif holds_id(sheet.path, patients):
                named += 1
            elif len(set(sheet.header) & set(patients)) > 1:
                self._ask_genes(sheet)
            elif sheet.path in refused:
                self._ask("tables", f"{sheet.shown} is left out: {refused[sheet.path]}")
            elif ids := find_ids(sheet, patients):
                read.append((sheet, ids))
            else:
                self._ask_ids(sheet, patients)
        if named:
            whose = (
                "its name holds the id of a patient; rename the file"
                if named == 1
                else ("their names hold ids of patients; rename those that are needed")
            )
            self.left.append(f"{several(named, 'table')} left out: {whose}")
        for sheet, ids in self._of_one_centre(sorted(read, key=lambda one: (-one[1].matched, one[0].shown))):
            self._add(sheet, ids, len(patients))
        self._add_endpoints()
        self.tables += self._questions

    @property
    def noted_form(self) -> Noted | None:
        """The id_form with why it is needed; None if tables and images write ids alike."""
        if not self.id_form:
            return None
        text = "tables and images write the ids otherwise, and become the same by this"
        return Noted(dict(self.id_form), (guess("form of ids", text),))

    def _of_one_centre(self, read: list[tuple[Sheet, Ids]]) -> list[tuple[Sheet, Ids]]:
        """The tables whose patients are of one centre; the others are asked for if these tell several apart, else `mixed`."""
        if len(self._centres) == 1:
            return read
        single = [one for one in read if len(self._named(*one)) == 1]
        mixed = [one for one in read if len(self._named(*one)) > 1]
        if len({self._named(*one)[0] for one in single}) < 2:
            self.mixed = [sheet.shown for sheet, _ in mixed]
        for sheet, _ in mixed:
            what = "it holds patients of several centres, and a table is of one"
            self._ask("tables", f"{sheet.shown} is left out: {what}")
        return single

    def _named(self, sheet: Sheet, ids: Ids) -> list[str]:
        """The centres whose patients a table names."""
        cells = {normalise_id(cell, IdForm(**ids.form)) for cell in sheet.column(ids.place)}
        wanted = {
            centre: {normalise_id(one, IdForm(**ids.form)) for one in named} for centre, named in self._centres.items()
        }
        return [centre for centre, named in wanted.items() if named & cells]

    def _add(self, sheet: Sheet, ids: Ids, patients: int) -> None:
        name = sheet.header[ids.place]
        if ids.repeated and (timepoint := _named_as(sheet.header, _VISITS)):
            self._ask_visits(sheet, name, timepoint)
            return
        if ids.repeated or ids.empty:
            why = "a patient has several rows in it" if ids.repeated else "some of its rows have no id"
            self._ask(
                "tables",
                f"{sheet.shown} is left out: {why}, and a clinical table has one row per patient",
            )
            return
        columns = judge_columns(sheet, ids.place)
        if sum(one.kind == "number" for one in columns) > MOST_VARIABLES:
            self._ask_wide(sheet, name)
            return
        centre = self._named(sheet, ids)[0]
        usable = [self._renamed(one, centre) for one in columns if one.kind in ("number", "flag", "category")]
        again = [one.word for one in usable if one.word in self._taken[centre]]
        if again and 2 * len(again) >= len(usable):
            table = self._table(sheet, ids, centre, usable, patients)
            text = f"{sheet.shown} has {len(again)} columns of the table above: which is meant? Written: the first"
            self._ask("which clinical table", text, *as_lines([plain(table)]))
            return
        if not usable:
            self.left.append(f"{sheet.shown} left out: no column of it can be a variable")
            return
        fresh = [one for one in usable if one.word not in again]
        table = self._table(sheet, ids, centre, fresh, patients)
        table["columns"] = Noted(table["columns"], tuple(self._column_remarks(columns, again)))
        self.centre_columns += [f'"{one.name}"' for one in columns if one.name.lower() in _CENTRES]
        self.tables.append(table)
        self.matched[sheet.shown] = ids.matched
        self.id_form |= ids.form
        self._taken[centre] |= {one.word for one in fresh}
        for one in fresh:
            known = self._columns.get(one.word, one)
            self._columns[one.word] = replace(one, levels=tuple(dict.fromkeys((*known.levels, *one.levels))))
            self.variables[one.word] = self._variable(self._columns[one.word])

    def _renamed(self, column: ColumnDraft, centre: str) -> ColumnDraft:
        """A column, under a word of its centre if another centre has another kind of variable under its own."""
        other = self._columns.get(column.word, column)
        if column.word in self._taken[centre] or (other.kind, other.outcome) == (column.kind, column.outcome):
            return column
        return replace(column, word=slug(f"{column.word[:40]}_{centre}"))

    def _table(
        self, sheet: Sheet, ids: Ids, centre: str, columns: Sequence[ColumnDraft], patients: int
    ) -> dict[str, Any]:
        name = sheet.header[ids.place]
        text = f'"{name}", which names {ids.matched} of {several(patients, "patient")}'
        values: dict[str, Any] = {"block": "clinical"} | ({"centre": centre} if len(self._centres) > 1 else {})
        values |= {"path": sheet.path, "id": Noted(name, (guess(f"ids of {sheet.shown}", text),))}
        return values | sheet.declared | {"columns": self._sources(columns)}

    def _sources(self, columns: Sequence[ColumnDraft]) -> dict[str, Any]:
        return {one.word: self._source(one) for one in columns}

    def _source(self, column: ColumnDraft) -> Any:
        values: dict[str, Any] = {"from": column.name}
        if is_time(column) and (unit := unit_of(column)):
            values["unit"] = unit
        if column.codes:
            values["codes"] = dict(column.codes)
        if column.missing:
            values["missing"] = list(column.missing)
        short: Any = column.name if len(values) == 1 else values
        if is_time(column) and not unit_of(column):
            text = "in which unit is this time? Say it here, and unit: days at its variable"
            units = [as_lines({column.word: values | {"unit": unit}}) for unit in ("days", "months", "years")]
            return Noted(short, (question(f"unit of {column.name}", text, *chain(*units)),))
        return short

    def _variable(self, column: ColumnDraft) -> dict[str, Any]:
        values: dict[str, Any] = {"type": column.kind, "description": column.name}
        if column.outcome:
            values["role"] = "outcome"
        if is_time(column) and unit_of(column):
            values["unit"] = "days"
        if column.levels:
            values["levels"] = list(column.levels)
        return values

    def _column_remarks(self, columns: Sequence[ColumnDraft], again: Collection[str]) -> list[Remark]:
        found = []
        out = [one for one in columns if one.kind in ("left out", "date")]
        if out:
            lines = [f'"{one.name}": {one.why}' for one in out[:MOST_NAMED]]
            lines += [f"and {len(out) - MOST_NAMED} more"] if len(out) > MOST_NAMED else []
            text = f"{several(len(out), 'column')} cannot be taken as {'it is' if len(out) == 1 else 'they are'}"
            found.append(guess("columns left out", text, *lines))
        dates = [one for one in columns if one.kind == "date"]
        if len(dates) > 1:
            names = ", ".join(f'"{one.name}"' for one in dates)
            text = f"are the days between two of {names} the time of an endpoint?"
            first, last = dates[0], dates[-1]
            forms = [form for form in first.dates if form in last.dates] or first.dates
            pairs = [{"start": first.name, "end": last.name, "date_format": form} for form in forms]
            answers = [*chain(*(as_lines({"WORD": pair}) for pair in pairs)), "WORD is an outcome, a number in days"]
            found.append(question("dates", text, *answers))
        if again:
            found.append(guess("columns of two tables", f"{', '.join(again)} are taken from the table above"))
        if coded := [one.name for one in columns if one.guessed and one.kind == "flag"]:
            found.append(guess("codes", f"what is true in {', '.join(coded)}, by the words in the cells"))
        return found

    def _add_endpoints(self) -> None:
        bare: list[Remark] = []
        for one in find_endpoints(list(self._columns.values())):
            if one.remark.kind == "question":
                bare.append(one.remark)
            else:
                self.endpoints[one.name] = Noted(one.values, (one.remark,))
        if bare:
            self.endpoints["_"] = Noted(None, tuple(bare))
        if predictors := [one for one in self._columns.values() if not one.outcome]:
            text = "a study predicts from what is known by then: which are known later (treatment, response)?"
            answers = ("known_at: TIMEPOINT   # at the variable", "role: outcome          # if it is what is predicted")
            first = predictors[0].word
            remarks = [question("when variables are known", text, *answers)]
            if any(one.kind == "number" for one in predictors):
                remarks.append(
                    question(
                        "units of numbers",
                        "no unit of a variable is guessed; say them where they matter",
                        "unit: years",
                    )
                )
            self.variables = {
                word: Noted(value, tuple(remarks)) if word == first else value for word, value in self.variables.items()
            }

    def _ask(self, about: str, text: str, *answers: str) -> None:
        self._questions.append(Noted(None, (question(about, text, *answers),)))

    def _ask_ids(self, sheet: Sheet, patients: Collection[str]) -> None:
        place = likely_column(sheet)
        name = sheet.header[place] if place is not None else "COLUMN"
        what = "none of its columns names the patients of the images"
        if patients and place is not None:
            what += f'; "{name}" could be meant, if an id_form makes the ids the same'
        values = {"block": "clinical", "path": sheet.path, "id": name, **sheet.declared, "columns": {"WORD": "COLUMN"}}
        self._ask("tables", f"which column of {sheet.shown} holds the patients? {what}", *as_lines([values]))

    def _ask_wide(self, sheet: Sheet, name: str) -> None:
        values = {"block": "genomic", "path": sheet.path, "id": name, **sheet.declared, "genes": "*", "unit": "UNIT"}
        text = f"{sheet.shown} has {len(sheet.header):,} columns: are they genes? If so, in which unit?"
        self._ask("tables", text, *as_lines([values]))

    def _ask_visits(self, sheet: Sheet, name: str, timepoint: str) -> None:
        own = {"path": sheet.path, "id": name, **sheet.declared, "timepoint": timepoint}
        day = _named_as(sheet.header, _DAYS)
        told = {"day": day} if day else {"date": _named_as(sheet.header, _DATES) or "COLUMN", "date_format": "FORMAT"}
        block = {"block": "measurements", **own, **({"exclude": [day]} if day else {})}
        first, *lines = as_lines([block])
        lines = [f"{first}   # of tables, if it holds values of visits", *lines]
        text = f"{sheet.shown} has several rows of a patient: does it tell the days of her visits?"
        self._ask("visits", text, *as_lines({"visits": {**own, **told}}), *lines)

    def _ask_genes(self, sheet: Sheet) -> None:
        values = {
            "block": "genomic",
            "path": sheet.path,
            "id": "COLUMN",
            **sheet.declared,
            "rows": "genes",
            "unit": "UNIT",
        }
        text = f"{sheet.shown} has a column for each patient: are its rows genes? If so, in which unit?"
        self._ask("tables", text, *as_lines([values]))


def _named_as(header: Sequence[str], names: Collection[str]) -> str:
    """The first column that has one of these names, however it is written; "" if none has."""
    return next((one for one in header if re.sub("[^a-z]", "", one.lower()) in names), "")


def holds_id(path: str, patients: Collection[str]) -> bool:
    """Whether the path of a table holds the id of a patient."""
    return any(len(one) > 2 and one.lower() in path.lower() for one in patients)
