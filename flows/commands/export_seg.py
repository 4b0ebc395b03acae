"""export-seg: masks and features of cases go back as DICOM: a SEG and a structured report beside the source image."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from features.core.case import ROI, target_of
from features.core.errors import ExitCode
from features.core.wording import counted
from features.results.prefixes import region_prefix
from features.results.scan_name import scan_name
from flows.commands.options import CATALOG, STORE, CatalogOption, StoreOption, open_store
from flows.commands.sent_dicom import CaseOption, OutputOption, PacsOption, destination, dicom_scans

if TYPE_CHECKING:
    from features.core.case import Scan
    from features.core.storage.store import Store
    from features.pacs.report import Feature

BLOCKS = ("region", "radiomics")


def export_seg(
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog.")],
    case: CaseOption = None,
    output: OutputOption = None,
    pacs: PacsOption = "",
    description: Annotated[str, typer.Option(help="Series description.")] = "radweave",
    no_features: Annotated[bool, typer.Option("--no-features", help="Only masks, no structured reports.")] = False,
    derived: Annotated[
        bool, typer.Option("--derived", help="Also features of derived images, such as wavelets: large reports.")
    ] = False,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
) -> None:
    """Masks as DICOM SEG and features as DICOM SR, for cases with DICOM images. The files name the patients."""
    place = open_store(store)
    keep = destination(output, pacs, store)
    from features.core.progress import tell
    from features.core.quarantine import Rejected
    from flows.screen import Screen

    lost: list[str] = []
    done = 0
    with Screen():
        scans = dicom_scans(catalog, cohort, place, case or [])
        features = {} if no_features else _features(place, cohort, derived=derived)
        for number, scan in enumerate(scans, start=1):
            try:
                files = _files(scan, features.get(scan.key, []), description, place)
            except Rejected as error:
                lost.append(f"{scan.case} {scan_name(*scan.key[1:])}: {error}")
            else:
                keep(scan_name(*scan.key[1:]).replace(" ", "_"), scan.image.digest, files)
                done += len(files)
            tell("export", number, len(scans))
    typer.echo(
        f"{counted(done, 'file')} of {counted(len(scans) - len(lost), 'scan')}: {output or 'stored at the PACS'}"
    )
    for line in lost:
        typer.echo(line, err=True)
    if lost:
        raise typer.Exit(ExitCode.DATA)


def _features(store: "Store", cohort: str, *, derived: bool) -> "dict[tuple[str, str, str], list[Feature]]":
    """The handcrafted features of each case, image and ROI."""
    from features.pacs.report import Feature
    from features.results.manifest import Mart

    mart = Mart.open(store)
    found: dict[tuple[str, str, str], list[Feature]] = {}
    columns = [
        row
        for row in mart.read("dictionary", cohort).to_pylist()
        if row["block"] in BLOCKS and row["role"] == "predictor" and row["type"] != "string"
        if derived or row["filter"] in ("", "original")
    ]
    for block in BLOCKS:
        own = [row for row in columns if row["block"] == block]
        table = mart.read(block, cohort, ["case", *(row["name"] for row in own)])
        for values in table.to_pylist():
            for row in own:
                value = values[row["name"]]
                if value is not None:
                    kind, name = _named(row)
                    facts = {"unit": row["unit"], "ibsi": row["ibsi"], "image": row["filter"], "recipe": row["recipe"]}
                    short = name.removeprefix(f"{row['filter']}_")
                    method = f"{kind}; {row['version']}" if row["version"] else kind
                    feature = Feature(short, float(value), **facts, method=method)
                    found.setdefault((values["case"], row["image"], row["roi"]), []).append(feature)
    return found


def _named(row: Mapping[str, str]) -> tuple[str, str]:
    """Of a column of an image, what made it, and the name of its fact or feature."""
    target = target_of(row["image"], row["roi"], row["modality"])
    kind = row["name"].split("__", 1)[0]
    prefix = f"{kind}__{row['recipe']}__{target.infix}" if row["recipe"] else region_prefix(target)
    return kind, row["name"].removeprefix(prefix)


def _files(scan: "Scan", features: "Sequence[Feature]", description: str, store: "Store") -> dict[str, bytes]:
    """The SEG of a scan, and the SR if there are features. Raises Rejected as read_kept and the makers."""
    from features.pacs.report import make_report
    from features.pacs.segmentation import make_segmentation, read_sources
    from features.pacs.send import encode
    from features.results.registrations import read_kept

    region, sources = read_kept(scan, store), read_sources(scan.image.paths)
    basis = [scan.image.digest, scan.mask.digest]
    name = "" if scan.roi_name == ROI else scan.roi_name
    told = {"label": name or scan.roi, "description": f"{description} {name or 'ROI'}"}
    by = str(json.loads(scan.settings)["kind"]) if scan.settings else ""
    seg = make_segmentation(region, sources, **told, basis=basis, made=scan.segmentation, by=by)
    found = {"seg": encode(seg)}
    if features:
        what = f"{description} {name} features" if name else f"{description} features"
        report = make_report(seg, sources, features, modality=scan.modality, unit=scan.unit, description=what)
        found["sr"] = encode(report)
    return found
