"""The command that measures, without a store, how well measurements agree."""

from pathlib import Path
from typing import Annotated

import typer

from features.core.errors import DataError


def agreement(
    table: Annotated[Path, typer.Argument(help="CSV with a row per target and rater, and a column per feature.")],
    target: Annotated[str, typer.Option(help="Column that says what was measured, such as the patient.")],
    rater: Annotated[str, typer.Option(help="Column that says by whom or when: reader, scan, session.")],
    out: Annotated[Path, typer.Option("--output", "--out", help="The scores as CSV.")],
) -> None:
    """Score how well readers, or test and retest, agree on every numeric column: ICC(2,1) and ICC(3,1) with intervals."""
    from dataclasses import asdict

    import pandas as pd

    from features.core.errors import hint_sentence
    from features.core.storage.place import write_bytes
    from features.radiomics.reliability import reliability_of
    from flows.screen import Screen, stability_table

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
    found = reliability_of(frame[target].tolist(), frame[rater].tolist(), features)
    write_bytes(out, pd.DataFrame([asdict(row) for row in found]).to_csv(index=False).encode())
    with Screen() as screen:
        screen.show([stability_table(found), f"Scores of each feature: {out}"])
