"""What goes back as DICOM: where to, and for which scans."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.core.errors import DataError, NetworkError, RadweaveError
from features.results.scan_name import SCAN

if TYPE_CHECKING:
    from features.core.case import Scan
    from features.core.storage.store import Store

Keep = Callable[[str, str, Mapping[str, bytes]], None]  # words of image and ROI, digest of the image, files by kind
CaseOption = Annotated[
    list[str] | None, typer.Option(help="Only cases that begin so: cohort:patient[:timepoint]; may be repeated.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "--out", help="Write the files into this folder, outside the store.")
]
PacsOption = Annotated[
    str, typer.Option(help="Store them at this DICOMweb server (STOW-RS); credentials from RADWEAVE_PACS_*.")
]


def destination(output: Path | None, pacs: str, store: str) -> Keep:
    """Keeps files in a folder, or at a PACS. Raises RadweaveError if both are given or none, or the folder lies in the store."""
    if bool(output) == bool(pacs):
        raise RadweaveError("say where to: --output FOLDER, or --pacs URL")
    if output is None:
        return _to_pacs(pacs)
    if output.resolve().is_relative_to(Path(store).resolve()):
        raise RadweaveError(f"--output {output}: the files name patients and must not lie in the store")
    return _to_folder(output)


def _to_folder(folder: Path) -> Keep:
    """Files are named by the source image's digest, and by the words of image and ROI: a case id beside the patient's name would
    undo the pseudonym.
    """
    from features.core.storage.place import write_bytes

    def keep(words: str, digest: str, files: Mapping[str, bytes]) -> None:
        for kind, data in files.items():
            write_bytes(folder / f"{words}_{digest[:12]}_{kind}.dcm", data)

    return keep


def _to_pacs(url: str) -> Keep:
    from features.core.catalog.pacs_source import PacsSource
    from features.pacs.credentials import Credentials
    from features.pacs.send import send
    from features.pacs.server import PacsError, Server

    server = Server(PacsSource(url=url), Credentials.from_environment())

    def keep(_words: str, _digest: str, files: Mapping[str, bytes]) -> None:
        try:
            send(server, list(files.values()))
        except PacsError as error:
            raise NetworkError(f"{error}; what was stored before stays there, and can be sent again") from None

    return keep


def dicom_scans(catalog: Path, cohort: str, store: "Store", cases: Sequence[str]) -> "list[Scan]":
    """Scans with DICOM images that the newest refresh uses. Raises RadweaveError if there is none."""
    from features.core.catalog.catalog import load_catalog
    from features.core.progress import tell
    from features.images.index.file_cache import FileCache
    from features.images.index.index_cohort import index_cohort
    from features.results.manifest import Mart
    from features.results.withdraw import withdrawn_cases
    from flows.commands.keys import store_key

    names = (*SCAN, "image_digest", "mask_digest")
    known = Mart.open(store).read("scans", cohort, [*names, "state"]).to_pylist()
    key = store_key(store, catalog)
    used = {tuple(row[name] for name in names) for row in known if row["state"] == "used"}
    cache = FileCache.load(store.files(cohort), key)
    index = index_cohort(
        load_catalog(catalog), cohort, key, progress=tell, cache=cache, withdrawn=withdrawn_cases(store)
    )
    found = [
        scan
        for scan in index.scans
        if scan.image.format == "dicom"
        and (*scan.key, scan.image.digest, scan.mask.digest) in used
        and (not cases or any(f"{scan.case}:".startswith(f"{case}:") for case in cases))
    ]
    if not found:
        raise DataError(
            f'cohort "{cohort}" has no such case with a DICOM image among those that its newest refresh uses; refresh it '
            "if its files changed"
        )
    return found
