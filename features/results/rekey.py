"""rekey: every patient of a store gets another pseudonym, in all that the store keeps. A killed change can be finished.

First a note is kept of what becomes what; until all is renamed and the note is gone, nothing else uses the store.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from features.core.errors import RadweaveError, StoreError
from features.core.frozen import Frozen
from features.core.pseudonym import fingerprint
from features.core.storage.place import find_files, is_file, read_bytes, remove_file, write_bytes
from features.core.storage.seal import check_seal, damaged, json_bytes, read_json, resealed
from features.core.storage.store import Store
from features.core.storage.table import parquet_bytes, read_with_provenance
from features.results.audit import DAMAGED, Entry, with_key, write_rows
from features.results.cases import cases_by_place
from features.results.manifest import (
    File,
    build_view,
    keep_table,
    manifest_at,
    newest,
    read_audit,
    refresh_numbers,
    rewrite,
    split_name,
)
from features.results.runs import run_files
from features.results.unneeded import remove_unneeded_tables

_CODE = re.compile(r"(?<![0-9a-z])[a-z2-7]{12}(?![0-9a-z])")


class Renaming(Frozen):
    """A change of key: fingerprints of both, the new pseudonym of each old one, and the audit of withdrawals after it."""

    before: str
    after: str
    codes: dict[str, str]
    audit: list[Entry] = []

    @classmethod
    def between(cls, old: bytes, new: bytes, codes: Mapping[str, str]) -> Renaming:
        """The change from one key to another. Raises RadweaveError if they are the same, or two patients become one."""
        if old == new:
            raise RadweaveError("both keys are the same: --from is the present key, RADWEAVE_KEY_FILE the new one")
        if len({*codes, *codes.values()}) != 2 * len(codes):
            raise RadweaveError("two patients would have one pseudonym; make another new key")
        return cls(before=fingerprint(old), after=fingerprint(new), codes=dict(codes))

    def is_between(self, old: bytes, new: bytes) -> bool:
        """Whether it is the change between these keys."""
        return (self.before, self.after) == (fingerprint(old), fingerprint(new))

    def of(self, text: str) -> str:
        """A text with the new pseudonyms in the places of the old ones."""
        return _CODE.sub(lambda found: self.codes.get(found[0], found[0]), text)


def unfinished(store: Store) -> Renaming | None:
    """The change of key that was begun and not finished. Raises StoreError if its note is damaged."""
    if not is_file(store.renaming):
        return None
    try:
        return Renaming.model_validate(read_json(store.renaming))
    except ValidationError as error:
        raise damaged(store.renaming, "it is no change of key") from error


def begin_rekey(store: Store, renaming: Renaming) -> None:
    """Keep a note of a change of key: from now on nothing else uses the store until it is finished.

    Raises RadweaveError if the store holds patients without a new pseudonym; then nothing changed.
    """
    with store.cleaning():
        newest(store)
        rows = read_audit(store)
        places: dict[str, set[str]] = {}
        for case, place in [(row.case, "the audit of withdrawals") for row in rows] + list(cases_by_place(store)):
            code = case.split(":")[1]
            if code not in renaming.codes:
                places.setdefault(place, set()).add(code)
        if places:
            told = "; ".join(f"{len(codes)} in {place}" for place, codes in sorted(places.items()))
            raise RadweaveError(
                f"{store.root}: patients whose ids are not in the files and tables cannot be renamed: {told}. Give their ids "
                "with --ids FILE. Or, for those who were not withdrawn: refresh with the present key, remove earlier "
                "refreshes with radweave gc --keep 1, and the folders of these studies. Nothing was changed"
            )
        audit = [row.model_copy(update={"case": renaming.of(row.case)}) for row in rows]
        note = renaming.model_copy(update={"audit": with_key(audit, renaming.after)})
        write_bytes(store.renaming, json_bytes(note.model_dump(mode="json")))


def finish_rekey(store: Store) -> Renaming:
    """Rename what the note says and is not renamed yet. Raises StoreError if there is no note, or something is damaged."""
    with store.cleaning():
        renaming = unfinished(store)
        if renaming is None:
            raise StoreError(f"{store.root}: no change of key was begun")
        others = [name for name in find_files(store.root) if "/" not in name and name.endswith(DAMAGED)]
        for name in [*run_files(store), store.releases.name, *others]:
            _rename_file(store, name, renaming)
        for folder in ("index", "quality"):  # keyed hashes of files; pages that the next refresh writes again
            for name in find_files(store.root / folder):
                remove_file(store.root / folder / name)
        head = write_rows(store, renaming.audit)
        new: dict[str, File] = {}
        for number in refresh_numbers(store):
            manifest = manifest_at(store, number)
            for name, file in manifest.files.items():
                new[file.path] = new.get(file.path) or _renamed_table(store, name, file, renaming)
            changed = manifest.model_copy(
                update={
                    "files": {name: new[file.path] for name, file in manifest.files.items()},
                    "cohorts": {
                        name: state.model_copy(
                            update={"key": "", "tables_key": ""}
                        )  # the next refresh builds the tables again
                        for name, state in manifest.cohorts.items()
                    },
                    "key_fingerprint": renaming.after,
                    "audit": head,
                }
            )
            rewrite(store, changed)
            build_view(store, changed)
        remove_unneeded_tables(store)
        remove_file(store.renaming)
        return renaming


def _rename_file(store: Store, name: str, renaming: Renaming) -> None:
    path = store.root / name
    if path.suffix == ".parquet":
        table, provenance = read_with_provenance(path)
        data = parquet_bytes(_renamed(table, renaming), {key: renaming.of(text) for key, text in provenance.items()})
    elif not path.is_file():
        return
    else:
        data = read_bytes(path)
        is_sealed = check_seal(data, path)
        data = renaming.of(data.decode("latin-1")).encode("latin-1")  # whatever the bytes are, they stay
        data = resealed(data) if is_sealed else data
    if data != read_bytes(path):
        write_bytes(path, data)


def _renamed_table(store: Store, name: str, file: File, renaming: Renaming) -> File:
    found, provenance = read_with_provenance(store.root / file.path)
    table = _renamed(found, renaming)
    return keep_table(store, *split_name(name), parquet_bytes(table, provenance), table.num_rows)


def _renamed(table: pa.Table, renaming: Renaming) -> pa.Table:
    """The table with new pseudonyms in its texts; its rows keep their order."""
    for i, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            old = pa.array(table[i].unique().drop_null().to_pylist(), field.type)
            new = pa.array([renaming.of(text) for text in old.to_pylist()], field.type)
            if not new.equals(old):
                table = table.set_column(i, field, new.take(pc.index_in(table[i].combine_chunks(), old)))
    return table
