"""export-scores: what a saved model said of cases goes back as DICOM: a structured report beside the images, as a prediction."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.core.errors import DataError, ExitCode
from features.core.wording import counted
from flows.commands.options import CATALOG, STORE, CatalogOption, StoreOption
from flows.commands.sent_dicom import CaseOption, OutputOption, PacsOption, destination, dicom_scans

if TYPE_CHECKING:
    from features.core.case import Scan
    from features.core.catalog.catalog import Catalog
    from features.pacs.prediction_report import Predicted, Predictor
    from tasks.modelling.evaluation.final import Final


def export_scores(
    model: Annotated[str, typer.Argument(help="STUDY, STUDY/DIGEST, or the folder of a model.")],
    cohort: Annotated[str, typer.Argument(help="Cohort of the catalog, scored by this model.")],
    case: CaseOption = None,
    output: OutputOption = None,
    pacs: PacsOption = "",
    description: Annotated[str, typer.Option(help="Series description.")] = "radweave prediction",
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
) -> None:
    """Predictions of a saved model as DICOM SR, for scored cases with DICOM images. The files name the patients.

    A case whose values changed since it was scored, or that has no score, is left out and said: radweave score-new scores it.
    """
    keep = destination(output, pacs, store)
    from features.core.progress import tell
    from features.core.quarantine import Rejected
    from features.pacs.prediction_report import Predictor
    from features.results.scored import newest_scores
    from flows.scoring import ask, inputs_today
    from flows.screen import Screen

    lost: list[str] = []
    done = 0
    with Screen():
        asked = ask(model, cohort, catalog, store)
        facts, final = asked.loaded.facts, asked.loaded.final
        told = Predictor(
            f"{final.study}/{facts['digest'][:16]}",
            facts["digest"],
            f"{final.model} on {final.blocks} of {final.study}",
        )
        scored = newest_scores(asked.store, cohort, facts["digest"])
        if not scored:
            raise DataError(f"{cohort}: it has no score by {told.name}: radweave score {model} {cohort}")
        today, word = inputs_today(asked, catalog), str(asked.loaded.schema["endpoint"])
        unit = _unit(final, asked.declared, cohort)
        found = _by_case(dicom_scans(catalog, cohort, asked.store, case or []))
        cases = {name: scans for name, scans in found.items() if name in today}  # others are of later visits
        for number, (name, scans) in enumerate(cases.items(), start=1):
            folder, row = scored.get(name, (None, {}))
            try:
                if folder is None:
                    raise Rejected("UNDEFINED", "it has no score by this model")
                if row["inputs"] != today.get(name):
                    raise Rejected("UNDEFINED", "its values changed since it was scored: radweave score-new")
                predicted = told_of(word, row, _levels(folder, name), unit)
                data = _report(scans, predicted, told, description)
            except Rejected as error:
                lost.append(f"{name}: {error}")
            else:
                keep("prediction", scans[0].image.digest, {"sr": data})
                done += 1
            tell("export", number, len(cases))
    typer.echo(f"{counted(done, 'report')} of {counted(len(cases), 'case')}: {output or 'stored at the PACS'}")
    for line in lost:
        typer.echo(line, err=True)
    if lost:
        raise typer.Exit(ExitCode.DATA)


def told_of(word: str, row: Mapping[str, Any], levels: Mapping[str, float], unit: str) -> "list[Predicted]":
    """What a row of predictions says of an endpoint. levels: class, rank or label → probability. unit: of a number."""
    from features.pacs.prediction_report import Predicted

    found = [
        Predicted(f"probability_{level}", f"Predicted probability of {word}: {level}", p) for level, p in levels.items()
    ]
    if row["incidence"] is not None:
        found.append(Predicted("incidence", f"Predicted incidence of {word} by day {row['day']:g}", row["incidence"]))
    if row["value"] is not None:
        found.append(Predicted("value", f"Predicted {word}", row["value"], unit))
    if row["risk"] is not None:
        found.append(Predicted("risk", f"Predicted risk of {word}, which orders cases alone", row["risk"]))
    if row["high_risk"] is not None:
        found.append(Predicted("high_risk", "Risk above the threshold of the model", bool(row["high_risk"])))
    return found


def _report(scans: "Sequence[Scan]", predicted: "Sequence[Predicted]", model: "Predictor", description: str) -> bytes:
    """The SR of a case. Raises Rejected as the makers do."""
    from features.pacs.prediction_report import make_prediction_report
    from features.pacs.segmentation import read_sources
    from features.pacs.send import encode

    sources = [source for scan in scans for source in read_sources(scan.image.paths)]
    basis = [scan.image.digest for scan in scans]
    return encode(
        make_prediction_report(
            sources, predicted, model, modality=scans[0].modality, basis=basis, description=description
        )
    )


def _unit(final: "Final", declared: "Catalog", cohort: str) -> str:
    """Of what is predicted, where it is a number: as this cohort declares it, or one that trained."""
    for name in (cohort, *final.cohorts):
        known = declared.cohorts[name].variables if name in declared.cohorts else {}
        for column in final.endpoint.columns:
            if column in known:
                return known[column].unit or ""
    return ""


def _levels(folder: Path, case: str) -> dict[str, float]:
    from features.core.storage.table import read_table

    rows = read_table(folder / "probabilities.parquet").to_pylist()
    return {row["level"]: row["probability"] for row in rows if row["case"] == case}


def _by_case(scans: "Sequence[Scan]") -> "dict[str, list[Scan]]":
    """Case → a scan of each of its images."""
    found: dict[str, dict[str, Scan]] = {}
    for scan in scans:
        found.setdefault(str(scan.case), {}).setdefault(scan.image.digest, scan)
    return {case: list(own.values()) for case, own in found.items()}
