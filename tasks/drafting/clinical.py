"""draft_tables: the clinical tables of a cohort with their variables and endpoints, every guess marked."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tasks.drafting.columns import ColumnDraft, judge_columns
from tasks.drafting.commented import Noted, as_lines, plain
from tasks.drafting.ids import Ids, find_ids, likely_column
from tasks.drafting.outcomes import find_endpoints, is_time, unit_of
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.sheets import Sheet

MOST_VARIABLES = 60
MOST_NAMED = 12
_CENTRES = ("centre", "center", "hospital", "institution", "institute", "clinic")
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
        self._columns: list[ColumnDraft] = []
        read: list[tuple[Sheet, Ids]] = []
        for sheet in sheets:
            if any(name.lower() in _DOWNLOAD for name in sheet.header):
                self.left.append(f"{sheet.shown} left out: it lists what was downloaded, not patients")
            elif _holds_id(sheet.path, patients):
                self.left.append("a table left out: its name holds the id of a patient; rename the file")
            elif len(set(sheet.header) & set(patients)) > 1:
                self._ask_genes(sheet)
            elif sheet.path in refused:
                self._ask(f"table {sheet.shown}", f"{sheet.shown} is left out: {refused[sheet.path]}")
            elif ids := find_ids(sheet, patients):
                read.append((sheet, ids))
            else:
                self._ask_ids(sheet, patients)
        for sheet, ids in sorted(read, key=lambda one: (-one[1].matched, one[0].shown)):
            self._add(sheet, ids, len(set(patients)))
        self._add_endpoints()
        self.tables += self._questions

    def _add(self, sheet: Sheet, ids: Ids, patients: int) -> None:
        name = sheet.header[ids.place]
        if ids.repeated or ids.empty:
            why = "a patient has several rows in it" if ids.repeated else "some of its rows have no id"
            self._ask(
                f"table {sheet.shown}",
                f"{sheet.shown} is left out: {why}, and a clinical table has one row per patient",
            )
            return
        columns = judge_columns(sheet, ids.place)
        if sum(one.kind == "number" for one in columns) > MOST_VARIABLES:
            self._ask_wide(sheet, name)
            return
        usable = [one for one in columns if one.kind in ("number", "flag", "category")]
        again = [one.word for one in usable if one.word in self.variables]
        table = self._table(sheet, name, usable, ids, patients)
        if again and 2 * len(again) >= len(usable):
            text = f"{sheet.shown} has {len(again)} columns of the table above: which of the two is meant? Written: the first"
            self._ask("which clinical table", text, *as_lines([plain(table)]))
            return
        if not usable:
            self.left.append(f"{sheet.shown} left out: no column of it can be a variable")
            return
        fresh = [one for one in usable if one.word not in again]
        table["columns"] = Noted(self._sources(fresh), tuple(self._column_remarks(columns, again)))
        own = [centre for centre, named in self._centres.items() if named & set(sheet.column(ids.place))]
        if len(self._centres) > 1 and len(own) == 1:
            table = {"block": "clinical", "centre": own[0]} | table
        elif len(self._centres) > 1:
            self.mixed.append(sheet.shown)
        self.centre_columns += [f'"{one.name}"' for one in columns if one.name.lower() in _CENTRES]
        self.tables.append(table)
        self.matched[sheet.shown] = ids.matched
        self.id_form |= ids.form
        self._columns += fresh
        for one in fresh:
            self.variables[one.word] = self._variable(one)

    def _table(self, sheet: Sheet, name: str, usable: Sequence[ColumnDraft], ids: Ids, patients: int) -> dict[str, Any]:
        text = f"the ids, because it names {ids.matched} of {several(patients, 'patient')} of the images"
        values: dict[str, Any] = {
            "block": "clinical",
            "path": sheet.path,
            "id": Noted(name, (guess(f"ids of {sheet.shown}", text),)),
        }
        return values | sheet.declared | {"columns": self._sources(usable)}

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
            text = "in which unit is this time? Say it here, and unit: days at the variable"
            units = tuple(
                f"{column.word}: {{from: {column.name}, unit: {unit}}}" for unit in ("days", "months", "years")
            )
            return Noted(short, (question(f"unit of {column.name}", text, *units),))
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
            shown = "; ".join(f'"{one.name}": {one.why}' for one in out[:MOST_NAMED])
            more = f"; and {len(out) - MOST_NAMED} more" if len(out) > MOST_NAMED else ""
            found.append(guess("columns left out", f"not taken: {shown}{more}"))
        if again:
            found.append(guess("columns of two tables", f"{', '.join(again)} not taken: the table above has them"))
        if coded := [one.name for one in columns if one.guessed and one.kind == "flag"]:
            found.append(
                guess("codes", f"what is true and what false in {', '.join(coded)}, by the words in their cells")
            )
        return found

    def _add_endpoints(self) -> None:
        bare: list[Remark] = []
        for one in find_endpoints(self._columns):
            if one.remark.kind == "question":
                bare.append(one.remark)
            else:
                self.endpoints[one.name] = Noted(one.values, (one.remark,))
        if bare:
            self.endpoints["_"] = Noted(None, tuple(bare))
        if predictors := [one for one in self._columns if not one.outcome]:
            text = "a study uses no value that is known later than its prediction. Which of these are (treatment, follow-up)?"
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
        self._ask(
            f"table {sheet.shown}", f"which column of {sheet.shown} holds the patients? {what}", *as_lines([values])
        )

    def _ask_wide(self, sheet: Sheet, name: str) -> None:
        values = {"block": "genomic", "path": sheet.path, "id": name, **sheet.declared, "genes": "*", "unit": "UNIT"}
        text = f"{sheet.shown} has {len(sheet.header):,} columns: are they genes? If so, in which unit?"
        self._ask(f"table {sheet.shown}", text, *as_lines([values]))

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
        self._ask(f"table {sheet.shown}", text, *as_lines([values]))


def _holds_id(path: str, patients: Collection[str]) -> bool:
    return any(len(one) > 2 and one.lower() in path.lower() for one in patients)
