"""Clinical and genomic tables as sites send them: every centre has its own columns, codings, units and file form."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np

from features.simulate.acquisition import Format
from features.simulate.genes import GENES, Genome
from features.simulate.patient import Patient
from features.simulate.write_csv import Cell, csv_bytes

Row = dict[str, Cell]

SHEET = "patients"
ROMAN = ("I", "II", "III", "IV")
DAYS_PER_MONTH = 365.25 / 12
STAMP = datetime(2020, 1, 1)


def clinical_name(centre: str, form: Format) -> str:
    """Path of a centre's clinical table below the cohort's root."""
    return f"tables/{centre}_clinical.{'xlsx' if form == 'seg' else 'csv'}"


def genomic_name(centre: str) -> str:
    """Path of a centre's gene table below the cohort's root."""
    return f"tables/{centre}_genes.csv"


def coin_name(centre: str) -> str:
    """Path of a centre's table of coin tosses below the cohort's root."""
    return f"tables/{centre}_coin.csv"


def write_coin(path: Path, patients: Sequence[Patient], rng: np.random.Generator) -> None:
    """Write an outcome that nothing predicts: heads for half of the patients, whoever they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    heads = rng.permutation(np.arange(len(patients)) % 2 == 0)
    rows: list[list[Cell]] = [["patient", "side"]]
    rows += [[one.id, "heads" if up else "tails"] for one, up in zip(patients, heads, strict=True)]
    path.write_bytes(csv_bytes(rows, ","))


def write_clinical(path: Path, form: Format, patients: Sequence[Patient]) -> None:
    """Write the clinical table in the coding of the centres with this image format: one row per patient."""
    path.parent.mkdir(parents=True, exist_ok=True)
    coders: dict[Format, Callable[[Patient], Row]] = {"rtstruct": _dated_row, "seg": _monthly_row, "nifti": _comma_row}
    rows = [coders[form](patient) for patient in patients]
    if form == "seg":
        path.write_bytes(_excel(rows))
    else:
        path.write_bytes(
            csv_bytes([list(rows[0]), *(list(row.values()) for row in rows)], ";" if form == "nifti" else ",")
        )


def write_genes(
    path: Path, form: Format, patients: Sequence[Patient], genome: Genome, rng: np.random.Generator
) -> None:
    """Write one row per patient and one column per gene (log2 expression); one centre leaves a blank after its ids."""
    path.parent.mkdir(parents=True, exist_ok=True)
    blank = " " if form == "nifti" else ""
    rows: list[list[Cell]] = [["sample", *GENES]]
    rows += [[patient.id + blank, *genome.express(patient.state, rng).tolist()] for patient in patients]
    path.write_bytes(csv_bytes(rows, ","))


def _dated_row(patient: Patient) -> Row:
    """Centre A: dates, M/F, 1/0, yes/no."""
    end: date = patient.start + timedelta(days=patient.os_days)
    return {
        "patient_id": patient.id,
        "age": round(patient.age_years, 1),
        "sex": "F" if patient.sex == "female" else "M",
        "stage": ROMAN[patient.stage - 1],
        "pack_years": "" if patient.pack_years is None else patient.pack_years,
        "treatment_start": patient.start.strftime("%d/%m/%Y"),
        "last_contact": end.strftime("%d/%m/%Y"),
        "event": int(patient.death),
        "responder": "yes" if patient.response else "no",
    }


def _monthly_row(patient: Patient) -> Row:
    """Centre B: months, numbers for words, RECIST categories (complete where the logit is high, progressive where low)."""
    recist = ("CR" if patient.logit > 1.5 else "PR") if patient.response else ("PD" if patient.logit < -1.5 else "SD")
    return {
        "ID": patient.id,
        "Age (months)": round(patient.age_years * 12),
        "Sex": 2 if patient.sex == "female" else 1,
        "UICC": ROMAN[patient.stage - 1],
        "Pack years": -9 if patient.pack_years is None else patient.pack_years,
        "OS (months)": round(patient.os_days / DAYS_PER_MONTH, 3),
        "Vital status": "dead" if patient.death else "alive",
        "Best response": recist,
    }


def _comma_row(patient: Patient) -> Row:
    """Centre C: semicolons and decimal commas, whole words, stage as a number."""
    return {
        "Patient": patient.id,
        "Age": f"{patient.age_years:.1f}".replace(".", ","),
        "Sex": patient.sex,
        "Stage": patient.stage,
        "PackYears": "unk" if patient.pack_years is None else f"{patient.pack_years:.1f}".replace(".", ","),
        "SurvivalDays": patient.os_days,
        "Event": "true" if patient.death else "false",
        "Response": "R" if patient.response else "NR",
    }


def _excel(rows: Sequence[Row]) -> bytes:
    """A workbook with one sheet; openpyxl stamps the clock into it, so its parts are packed again with a fixed date."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = SHEET
    for row in [list(rows[0]), *(list(row.values()) for row in rows)]:
        sheet.append(row)
    book.properties.creator = "radweave simulator"
    book.properties.created = STAMP
    raw, packed = io.BytesIO(), io.BytesIO()
    book.save(raw)
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + STAMP.strftime("%FT%TZ").encode(), data)
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, data)
    return packed.getvalue()
