"""label_texts: outcomes that a text model reads out of reports, where nobody labelled by hand; who labelled stands beside them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from features.clinical.read_reports import Report
from features.clinical.text_model import FEWEST, labels_of
from features.core.catalog.catalog import Cohort
from features.core.catalog.text_labels import HAND, TAUGHT, TEXT, TextLabels
from features.core.errors import Fault

Rows = dict[str, dict[str, object]]


def label_texts(name: str, cohort: Cohort, rows: Rows, reports: Mapping[str, Mapping[str, Report]]) -> list[Fault]:
    """Add to the rows of all patients WORD, WORD_label and WORD_by_text of each label from texts; what is wrong is told.

    rows: pseudonym → the patient's row of the clinical block; who has a report alone gets one. reports: block → pseudonym →
    report. The labels of patients who do not teach, and their texts, change nothing of any other row: a study may score them.
    """
    faults = []
    for own in reports.values():
        for code, report in own.items():
            rows.setdefault(code, {"patient": code, "cohort": name, "centre": report.centre})
    for word, settings in cohort.labelled.items():
        fault = _label(word, settings, rows, reports.get(settings.texts, {}))
        if fault is not None:
            faults.append(fault)
    return faults


def _label(word: str, settings: TextLabels, rows: Rows, reports: Mapping[str, Report]) -> Fault | None:
    known = {code: bool(row[settings.by_hand]) for code, row in rows.items() if row.get(settings.by_hand) is not None}
    for code, flag in known.items():
        rows[code] |= {word: flag, f"{word}_label": HAND}
    if not settings.teach:
        return None
    order = sorted(reports, key=lambda code: (reports[code].place, code))
    taught = [code for code in order if code in known and reports[code].place < settings.teach]
    others = [code for code in order if code not in set(taught)]
    labels = np.array([known[code] for code in taught], bool)
    counts = int(labels.sum()), int((~labels).sum())
    if min(counts) < FEWEST:
        found = f"{counts[0]} positive and {counts[1]} negative reports of patients labelled by hand teach"
        hint = "label more reports by hand, raise teach, or say teach: 0 for labels by hand alone"
        return Fault(f"labelled {word}", "too few to teach a text model", found, f"{FEWEST} of each", hint)
    try:
        own, new = labels_of(
            [reports[code].text for code in taught], labels, [reports[code].text for code in others], settings.seen_in
        )
    except ValueError:  # from None: the text of a library's error is none of ours, and might be one of a person
        found = f"no word stands in {settings.seen_in} of a part of the {len(taught)} reports that teach"
        hint = f"look at the columns of the block {settings.texts}, or lower seen_in"
        return Fault(f"labelled {word}", "no words to learn from", found, "", hint)
    for code, flag in zip(taught, own.tolist(), strict=True):
        rows[code] |= {f"{word}_label": TAUGHT, f"{word}_by_text": flag}
    for code, flag in zip(others, new.tolist(), strict=True):
        rows[code] |= {f"{word}_by_text": flag}
        if code not in known:
            rows[code] |= {word: flag, f"{word}_label": TEXT}
    return None
