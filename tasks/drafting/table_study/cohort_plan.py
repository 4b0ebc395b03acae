"""CohortPlan: the cohort of a catalog that tables of features and the names of their columns stand for."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from glob import escape
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from features.core.catalog.outcome_name import outcome_word
from features.core.catalog.outcome_source import is_named
from features.core.catalog.ready_table import ReadyTable
from features.core.errors import ConfigError, Fault, did_you_mean
from tasks.drafting.columns import judge_column, slug
from tasks.drafting.commented import Noted
from tasks.drafting.remark import guess, question, several
from tasks.drafting.source import CENTRE
from tasks.drafting.table_study.aim import Aim, aim_of
from tasks.drafting.table_study.asked import Asked
from tasks.drafting.table_study.rows import centre_column, centre_names, split_column
from tasks.drafting.table_study.seen import SeenTable
from tasks.drafting.table_study.values import Values

BLOCK = "features"  # of a single table
MOST_NAMED = 12


class CohortPlan:
    """A cohort of tables, drafted: its endpoint, its clinical variables, its centres, and what is to be said of it.

    aim: the endpoint. variables: clinical ones, by word. split: the given split as tables name it, or None.
    """

    def __init__(self, asked: Asked, tables: Sequence[SeenTable]) -> None:
        """Raises ConfigError for columns that are not there, that look like outcomes, or whose values decide nothing;
        DataError where there is nothing to predict.
        """
        self.asked, self.tables = asked, tables
        self.said: list[str] = []
        self.home = self._homes()
        self.aim = aim_of(asked, self._values)
        self.variables, self.sources = self._clinical(self.aim)
        self.centres = centre_names(self._values(asked.centre)) if asked.centre else {CENTRE: CENTRE}
        self.split = split_column(self._values(asked.split), asked.test) if asked.split else None
        self._add_centres(asked.centre)

    def values(self, title: str, folder: Path) -> tuple[dict[str, Any], list[str]]:
        """The cohort as a catalog in `folder` declares it, and the words of its ready-made blocks.

        Raises ConfigError if features look like outcomes, or there are none.
        """
        asked, aim = self.asked, self.aim
        root = Path(os.path.commonpath([one.path.resolve().parent for one in self.tables]))
        blocks = dict(self._blocks(root))
        if not blocks:
            where = ", ".join(one.name for one in self.tables)
            raise ConfigError([Fault(where, "no column of numbers is left to predict from")])
        asking = question("licence", "what may be done with the data?", "licence: internal", "licence: CC BY 4.0")
        tables = []
        for table in self.tables:
            both = aim.columns | self.sources
            columns = {word: _short(one) for word, one in both.items() if self.home[one["from"]] is table}
            if columns:
                tables.append({"block": "clinical", **self._written(table, root), "columns": columns})
        names = dict.fromkeys(self.centres.values())
        cohort: dict[str, Any] = {
            "title": title,
            "licence": Noted("not stated", (asking,)),
            "root": _root(root, folder),
            "centres": {name: {} for name in names},
            "variables": aim.variables | self.variables,
            "tables": [*tables, *blocks.values()],
            "endpoints": {aim.word: aim.endpoint},
        }
        if asked.centre:
            self.said.append(f"{asked.centre}: {several(len(names), 'centre')}: {_named(list(names))}")
        if self.split:
            train, test = (self.split.get(part, [part])[0] for part in ("train", "test"))
            self.said.append(f"{asked.split}: models train on {train}, and {test} is held out")
        return cohort, list(blocks)

    def _homes(self) -> dict[str, SeenTable]:
        """The table that each named column is taken from: the first that has it. Raises ConfigError for those in none."""
        asked, homes, faults = self.asked, dict[str, SeenTable](), []
        every = list(dict.fromkeys(name for one in self.tables for name in one.header if name))
        where = ", ".join(one.name for one in self.tables)
        named = (*asked.outcomes, *filter(None, (asked.centre, asked.split)), *asked.clinical)
        for name in dict.fromkeys((*named, *asked.leak_checked)):
            there = [one for one in self.tables if name in one.header]
            if not there:
                shown = _named(every) if len(every) <= MOST_NAMED else several(len(every), "column")
                faults.append(Fault(where, f'there is no column "{name}"', "", shown, did_you_mean(name, every)))
                continue
            homes[name] = there[0]
            if len(there) > 1 and name in (*asked.outcomes, *asked.clinical):
                self.said.append(f"{name} is taken from {there[0].name}, and left out of the other tables")
        twice = sorted({name for name in named if named.count(name) > 1})
        faults += [Fault(where, f'the column "{name}" is named for two things') for name in twice]
        if faults:
            raise ConfigError(faults)
        return homes

    def _values(self, column: str) -> Values:
        return self.home[column].values(column)

    def _add_centres(self, centre: str) -> None:
        """The centres that other tables name, too."""
        for table in self.tables if centre else ():
            if centre in table.header and table is not self.home[centre]:
                self.centres |= centre_names(table.values(centre))

    def _clinical(self, aim: Aim) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Variables of the clinical block by word, and their sources. Raises ConfigError for columns that cannot be one."""
        variables, sources, faults = dict[str, Any](), dict[str, dict[str, Any]](), []
        for name in self.asked.clinical:
            table, word = self.home[name], slug(name)
            found = judge_column(name, word, table.named[name], table.decimal)
            checked = name in self.asked.leak_checked
            if looks := "" if checked else outcome_word(name):
                faults.append(
                    Fault(table.name, f'the column "{name}" looks like an outcome', looks, hint=_leak_hint(name))
                )
            elif found.kind not in ("number", "flag", "category"):
                faults.append(Fault(table.name, f'the column "{name}" cannot be clinical: {found.why}'))
            elif word in {*variables, *aim.variables}:
                faults.append(
                    Fault(table.name, f'the column "{name}" becomes a word that another one has', f'"{word}"')
                )
            variables[word] = {"type": found.kind, "description": name}
            variables[word] |= {"levels": list(found.levels)} if found.levels else {}
            variables[word] |= {"leak_checked": True} if checked else {}
            sources[word] = {"from": name} | ({"codes": dict(found.codes)} if found.codes else {})
            sources[word] |= {"missing": list(found.missing)} if found.missing else {}
        if faults:
            raise ConfigError(faults)
        return variables, sources

    def _written(self, table: SeenTable, root: Path) -> dict[str, Any]:
        """The keys that all entries of a file share."""
        path = table.path.resolve().relative_to(root).as_posix()
        values: dict[str, Any] = {"path": path, "id": self.asked.id_of(table.path)}
        values |= table.place
        if table.declared:
            told = ", ".join(f"{key} {value!r}" for key, value in table.declared.items())
            self.said.append(f"{table.name}: {told}, by its first rows")
            (first, value), *rest = table.declared.items()
            values |= {first: Noted(value, (guess("form", f"{told}, by the first rows"),)), **dict(rest)}
        if self.asked.centre and self.asked.centre in table.header:
            values["centre"] = centre_column(self.asked.centre, self.centres)
        if self.split and self.asked.split in table.header:
            values["split"] = self.split
        return values

    def _blocks(self, root: Path) -> Iterator[tuple[str, dict[str, Any]]]:
        """The ready-made block of each table that has features, as the catalog names it. Raises ConfigError for leaks."""
        asked, faults = self.asked, list[Fault]()
        taken: set[str] = set()
        declared = {name.casefold() for name in (*asked.outcomes, *self.aim.variables)}
        for table in self.tables:
            found = table.columns
            names = [name for name in found.features if name not in asked.leak_checked and is_named(name, declared)]
            if names:
                what = f"{several(len(names), 'column')} of features {'looks' if len(names) == 1 else 'look'} like an outcome"
                faults.append(Fault(table.name, what, _named(names), hint=_leak_hint(*names)))
            out = {"of text": found.texts, "of row numbers": found.counters, "named as keys are": found.keys}
            self._say(table, out)
            if not found.features:
                continue
            word = _block_word(table, taken) if len(self.tables) > 1 else BLOCK
            taken.add(word)
            here = [name for name in asked.named if name in table.header and self.home[name] is not table]
            exclude = [*map(escape, (*chain(*out.values()), *here)), *asked.exclude]
            values = {"block": word, **self._written(table, root)}
            if found.writer != "plain":
                values["written_by"] = Noted(found.writer, (guess("writer", "by the names of the columns"),))
            values |= {"exclude": exclude} if exclude else {}
            values |= {"missing": ["", "NA", *found.missing]} if found.missing else {}
            checked = [name for name in asked.leak_checked if name in found.features]
            yield word, values | ({"leak_checked": checked} if checked else {})
        if faults:
            raise ConfigError(faults)

    def _say(self, table: SeenTable, out: Mapping[str, Sequence[str]]) -> None:
        """Of a table: how many features it has, and which columns are left out, by why."""
        found = table.columns
        self.said.append(f"{table.name}: {several(table.rows, 'patient')}, {several(len(found.features), 'feature')}")
        if found.writer != "plain":
            why = f"; {several(len(found.diagnostics), 'column')} about the extraction left out"
            self.said.append(
                f"{table.name}: written by {found.writer}, by its header{why if found.diagnostics else ''}"
            )
        for why, names in out.items():
            if names:
                self.said.append(f"{table.name}: {several(len(names), 'column')} {why} left out: {_named(names)}")
        if found.unnamed:
            self.said.append(f"{table.name}: {several(found.unnamed, 'column')} without a name left out")
        if found.missing:
            cells = ", ".join(f"{cell} in {several(count, 'cell')}" for cell, count in found.missing.items())
            self.said.append(f"{table.name}: {cells} taken as missing")


def _block_word(table: SeenTable, taken: Collection[str]) -> str:
    """A word for the block of one of several tables: that of the file's name, if it is free."""
    word = slug(table.name.split(".")[0])
    while word in {*taken, "all"} or not _is_free(word):
        word = f"{word}_table"
    return word


def _is_free(word: str) -> bool:
    try:
        ReadyTable.model_validate({"block": word, "path": "-", "id": "-"})
    except ValidationError:
        return False
    return True


def _root(root: Path, folder: Path) -> str:
    """The folder of the tables as a catalog in `folder` names it: relative where one lies below the other."""
    beside = folder.resolve()
    near = root.is_relative_to(beside) or beside.is_relative_to(root)
    return os.path.relpath(root, beside) if near else str(root)


def _short(source: dict[str, Any]) -> Any:
    return source["from"] if len(source) == 1 else source


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _leak_hint(*names: str) -> str:
    out = " ".join(f'--exclude "{name}"' for name in names[:MOST_NAMED])
    it, is_known = ("it", "it is known") if len(names) == 1 else ("them", "they are known")
    return f'leave {it} out ({out}), or say that {is_known} at the prediction (--leak-checked "{",".join(names[:MOST_NAMED])}")'
