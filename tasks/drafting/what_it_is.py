"""what_it_is: modality and unit of image files, by their names and values; what neither tells is asked for."""

from __future__ import annotations

from features.core.case import Modality, Unit
from tasks.drafting.image_words import sequence_in
from tasks.drafting.pairs import Kind
from tasks.drafting.remark import Remark, guess, question, several
from tasks.drafting.templates import PATIENT

ADC_UM2_S = (300.0, 20_000.0)  # where the 99th percentile of a map in 10^-6 mm²/s lies, bones and air beside tissue


def what_it_is(kind: Kind) -> tuple[Modality, Unit, Remark]:
    """Modality and unit, with why."""
    said, looks = kind.modality, list(kind.looks.values())
    low, high = min(look.low for look in looks), max(look.high for look in looks)
    values = (
        f"values from {round(low, 3):g} to {round(high, 3):g} (1st to 99th percentile of {several(len(looks), 'file')})"
    )
    fits = frozenset.intersection(*(look.units for look in looks))
    if said == "CT" or (said is None and low < -500 and "HU" in fits):
        why = "by the names" if said else "because values begin far below 0"
        if "HU" in fits:
            return "CT", "HU", guess("CT in HU", f"{why}, and {values}")
        text = f"{values} are hardly HU: what are they? Written: no unit"
        return "CT", "arbitrary", question("unit of CT", text, "unit: HU")
    if said == "PT":
        others = ("unit: SUL", "unit: BQML", "unit: arbitrary")
        if "SUV" in fits:
            return (
                "PT",
                "SUV",
                question("unit of PET", f"is it SUV? Files do not tell, and {values} can be", *others),
            )
        text = f"files do not tell it; {values} are hardly SUV: what are they? Written: none"
        return "PT", "arbitrary", question("unit of PET", text, "unit: BQML", "unit: SUV", "unit: SUL")
    if sequence_in(kind.template.text.replace(PATIENT, "")) == "adc":
        if low >= -1 and ADC_UM2_S[0] <= high <= ADC_UM2_S[1]:
            return "MR", "um2/s", guess("ADC in um2/s", f"by the names, and {values}", "unit: arbitrary")
        text = f"{values} are hardly 10^-6 mm²/s: what are they? Written: no unit"
        return "MR", "arbitrary", question("unit of ADC", text, "unit: um2/s")
    if said is not None:
        return said, "arbitrary", guess(said, "by the names; it has no unit")
    text = f"neither names nor {values} tell it. Written: MR, which has no unit"
    return "MR", "arbitrary", question("modality", text, "modality: CT, and unit: HU", "modality: PT, and unit: SUV")
