"""Page: what a reader of an HTML page finds."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Table:
    """Cells of an HTML table as text, row by row, heads first."""

    rows: list[list[str]] = field(default_factory=list)


class Page(HTMLParser):
    """What a reader of the HTML finds: tables by id, ids, tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: dict[str, Table] = {}
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._table: Table | None = None
        self._cell = False
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        if tag == "table":
            self._table = self.tables[found["id"]] = Table()
        elif tag == "tr" and self._table:
            self._table.rows.append([])
        elif tag in ("th", "td") and self._table:
            self._table.rows[-1].append("")
            self._cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td") and self._table:
            self._table.rows[-1][-1] = " ".join(self._table.rows[-1][-1].split())
            self._cell = False
        self._table = None if tag == "table" else self._table

    def handle_data(self, data: str) -> None:
        if self.lasttag == "style":
            return
        self.text += data.replace("\u00a0", " ")
        if self._cell and self._table:
            self._table.rows[-1][-1] += data.replace("\u00a0", " ")
