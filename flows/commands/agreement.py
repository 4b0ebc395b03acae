"""The command that measures how well measurements agree: of a table, or of the readers of a cohort."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.core.errors import DataError, RadweaveError
from flows.commands.options import STORE, StoreOption, open_store

if TYPE_CHECKING:
    from features.radiomics.reliability import Reliability
    from features.results.readers import ReaderPair


def agreement(
    table: Annotated[
        Path | None, typer.Argument(help="CSV with a row per target and rater, and a column per feature.")
    ] = None,
    target: Annotated[str, typer.Option(help="Column that says what was measured, such as the patient.")] = "",
    rater: Annotated[str, typer.Option(help="Column that says by whom or when: reader, scan, session.")] = "",
    out: Annotated[Path | None, typer.Option("--output", "--out", help="The scores as CSV.")] = None,
    cohort: Annotated[
        str, typer.Option(help="Cohort of the store whose readers are compared, instead of a table.")
    ] = "",
    recipe: Annotated[
        list[str] | None, typer.Option(help="Recipe whose features are compared; may be repeated. Without it, all.")
    ] = None,
    roi: Annotated[
        list[str] | None, typer.Option(help="ROI that readers drew, by its word; may be repeated. Without it, all.")
    ] = None,
    store: StoreOption = STORE,
) -> None:
    """Score how well readers, or test and retest, agree on every numeric column: ICC(2,1) and ICC(3,1) with intervals.

    Of a cohort also how well the masks of its readers agree.
    """
    if out is None:
        raise RadweaveError("say by --output where the scores are written")
    if (table is None) == (not cohort):
        raise RadweaveError("give either a table, with --target and --rater, or --cohort")
    if table is not None:
        if not target or not rater:
            raise RadweaveError(
                "a table needs --target and --rater, the columns that say what was measured, and by whom"
            )
        _of_table(table, target, rater, out)
    else:
        _of_cohort(cohort, recipe or [], roi or [], out, store)


def _of_table(table: Path, target: str, rater: str, out: Path) -> None:
    import pandas as pd

    from features.core.errors import hint_sentence
    from features.radiomics.reliability import reliability_of

    try:
        frame = pd.read_csv(table, dtype={target: str, rater: str})
    except (OSError, ValueError) as error:
        raise DataError(f"{table}: cannot be read as CSV: {getattr(error, 'strerror', None) or error}") from error
    for column in (target, rater):
        if column not in frame:
            hint = hint_sentence(column, [str(name) for name in frame.columns])
            raise DataError(f'{table}: there is no column "{column}". {hint}'.strip())
        if frame[column].isna().any():
            raise DataError(f'{table}: the column "{column}" has empty cells')
    if frame[rater].nunique() == 1:
        raise DataError(f'{table}: the column "{rater}" names one rater; agreement needs two or more')
    numbers = frame.drop(columns=[target, rater]).select_dtypes("number")
    if numbers.empty:
        raise DataError(f"{table}: no column holds numbers, or there is no row")
    features = {str(name): numbers[name].tolist() for name in numbers}
    _tell(reliability_of(frame[target].tolist(), frame[rater].tolist(), features), out)


def _of_cohort(cohort: str, recipes: list[str], rois: list[str], out: Path, store: str) -> None:
    from features.core.errors import hint_sentence
    from features.radiomics.reliability import reliability
    from features.results.manifest import Mart, newest
    from features.results.readers import reader_pairs, reader_values, readers_of

    place = open_store(store)
    cohorts = newest(place).cohorts
    if cohort not in cohorts:
        hint = hint_sentence(cohort, cohorts)
        raise RadweaveError(
            f'the store has no cohort "{cohort}"; it has {", ".join(cohorts) or "none"}. {hint}'.strip()
        )
    mart = Mart.open(place)
    readers = readers_of(mart, cohort)
    words = sorted({roi for _, roi in readers})
    for word in rois:
        if word not in words:
            there, hint = ", ".join(words) or "none", hint_sentence(word, words)
            what = f'no two readers drew a ROI "{word}" in cohort {cohort}; ROIs of readers: {there}. {hint}'
            raise DataError(what.strip())
    if not readers:
        raise DataError(f"cohort {cohort} has no ROI of several readers; declare them by readers: at the mask")
    found = list(reader_values(mart, cohort, recipes=recipes, rois=rois))
    if not found:
        (image, roi), own = next((key, own) for key, own in readers.items() if not rois or key[1] in rois)
        single = ", ".join(f"{roi}_by_{reader}" for reader in own)
        raise DataError(
            f"no recipe measures the regions of single readers of {roi} on {image}; say in a recipe roi: [{single}], "
            "and refresh"
        )
    pairs = [pair for pair in reader_pairs(mart, cohort) if not rois or pair.roi in rois]
    _tell([reliability(one.name, one.values) for one in found], out, pairs)


def _tell(found: "list[Reliability]", out: Path, pairs: "list[ReaderPair] | None" = None) -> None:
    from dataclasses import asdict

    import pandas as pd

    from features.core.storage.place import write_bytes
    from flows.screen import Screen, stability_table, table_of

    write_bytes(out, pd.DataFrame([asdict(row) for row in found]).to_csv(index=False).encode())
    with Screen() as screen:
        if pairs:
            title = "Masks of readers: Dice, distance of surfaces in mm (95 % Hausdorff, mean), by how much the second is larger"
            columns = {
                "image": [pair.image for pair in pairs],
                "ROI": [pair.roi for pair in pairs],
                "readers": [f"{pair.one}, {pair.other}" for pair in pairs],
                "cases": [str(pair.cases) for pair in pairs],
                "Dice": [f"{pair.dice_mean:.3f}" for pair in pairs],
                "lowest": [f"{pair.dice_lowest:.3f}" for pair in pairs],
                "HD95": [f"{pair.hausdorff95_mean_mm:.2f}" for pair in pairs],
                "highest": [f"{pair.hausdorff95_highest_mm:.2f}" for pair in pairs],
                "surface": [f"{pair.surface_mean_mm:.2f}" for pair in pairs],
                "ml": [f"{pair.more_ml:+.2f}" for pair in pairs],
            }
            screen.show(table_of(title, columns))
        screen.show([stability_table(found), f"Scores of each feature: {out}"])
