"""Reports of radiologists on a head CT, in words that vary: negations, hedges, earlier findings, typing errors, names and numbers.

They say what the label says, as people say it: "no evidence of haemorrhage" and "haemorrhage is not excluded" share their words,
a question of the ward names what was not found, and an old bleed that has gone is no bleed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from features.simulate.site import Site

SURNAMES = ("Alder", "Bergmann", "Castell", "Dorsey", "Ekholm", "Farrow", "Grieve", "Hollis", "Ingram", "Jessop")
FIRST_NAMES = ("Ada", "Boris", "Clara", "Dimitri", "Elsa", "Fergus", "Greta", "Hamid", "Ines", "Jonas")
READERS = ("Dr Quillfeather", "Dr Ravensworth", "Dr Silverthorne")  # they sign many reports
QUESTIONS = (
    "Fall on anticoagulants, bleed?",
    "Headache for three days, rule out haemorrhage.",
    "Reduced level of consciousness, exclude intracranial hemorrhage.",
    "Confusion. Subdural haematoma?",
    "Follow-up, known small vessel disease.",
    "Collapse with head injury. Fracture or bleed?",
)
WHERE = {
    "intraparenchymal": ("in the frontal lobe", "in the basal ganglia", "in the parietal parenchyma"),
    "intraventricular": ("in the lateral ventricle", "within the ventricular system", "in the occipital horn"),
    "subdural": ("along the convexity, crescentic", "in the subdural space", "over the hemisphere, extra-axial"),
    "epidural": ("with a lentiform shape below the temporal bone", "in the epidural space", "extra-axial and biconvex"),
    "subarachnoid": ("in the sulci", "in the Sylvian fissure", "in the subarachnoid space"),
}
BLOOD = ("haemorrhage", "hemorrhage", "haematoma", "bleed", "blood", "acute blood products")
FOUND = (
    "There is {blood} {where}, measuring {mm} mm.",
    "Hyperdensity {where} of {mm} mm in keeping with {blood}.",
    "Acute {blood} {where}.",
    "Dense collection {where}, {mm} x {mm2} mm, likely {blood}.",
    "New hyperdense focus {where}, suspicious for {blood}.",
    "Findings {where} consistent with {blood}; no mass effect.",
    "Small amount of {blood} {where}, not present previously.",
    "Focal density {where}, {blood} cannot be excluded and is favoured.",
)
NOT_FOUND = (
    "No acute intracranial {blood}.",
    "No evidence of {blood} or collection.",
    "Dense focus {where} of {mm} mm in keeping with calcification rather than {blood}.",
    "No intra- or extra-axial {blood} is seen.",
    "Previously seen {blood} {where} has resolved.",
    "There is no {blood}, no infarct and no mass.",
    "Unchanged hyperdensity {where}, {mm} mm, calcified; {blood} is unlikely.",
    "Negative for {blood}.",
)
BESIDE = (
    "Mild generalised atrophy.",
    "Periventricular low attenuation consistent with small vessel disease.",
    "No midline shift.",
    "Mucosal thickening in the maxillary sinus.",
    "No fracture of the vault.",
    "Old lacunar infarct in the thalamus.",
    "Ventricles and sulci are within normal limits for age.",
    "Mastoid air cells are clear.",
)
SUM_FOUND = (
    "Impression: acute {blood}.",
    "Conclusion: {blood} as described, neurosurgical advice.",
    "IMP: {blood} likely.",
)
SUM_NOT = ("Impression: no acute abnormality.", "Conclusion: no {blood}.", "IMP: nil acute.")
SUMMED, TYPED_WRONG = 0.4, 0.25  # shares of the reports


@dataclass(frozen=True, slots=True)
class Read:
    """What a report is about: patient, whether there is blood, where the focus lies, and the year of the scan."""

    patient: str
    haemorrhage: bool
    place: str
    year: int


def write_report(rng: np.random.Generator, read: Read, site: Site) -> str:
    """The report, in the layout of the site; typing errors in some."""

    def one(words: Sequence[str]) -> str:
        text = words[int(rng.integers(len(words)))]
        mm = rng.integers(6, 40, 2)
        return text.format(blood=BLOOD[int(rng.integers(len(BLOOD)))], where=where, mm=mm[0], mm2=mm[1])

    where = WHERE[read.place][int(rng.integers(len(WHERE[read.place])))]
    name = f"{FIRST_NAMES[int(rng.integers(len(FIRST_NAMES)))]} {SURNAMES[int(rng.integers(len(SURNAMES)))]}"
    head = f"CT HEAD. {name}, {read.patient}, scanned in {read.year}."
    beside = [BESIDE[int(i)] for i in rng.choice(len(BESIDE), 3, replace=False)]
    body = [one(FOUND if read.haemorrhage else NOT_FOUND), *beside]
    body = [body[int(i)] for i in rng.permutation(len(body))]
    if rng.random() < SUMMED:
        body.append(one(SUM_FOUND if read.haemorrhage else SUM_NOT))
    parts = [head, one(QUESTIONS), *body, f"Reported by {READERS[int(rng.integers(len(READERS)))]}."]
    text = ("\n" if site.name == "B" else " ").join(parts)
    return _mistyped(rng, text) if rng.random() < TYPED_WRONG else text


def _mistyped(rng: np.random.Generator, text: str) -> str:
    """Two neighbouring letters of a long word change places, or one is left out."""
    words = text.split(" ")
    long = [i for i, word in enumerate(words) if len(word) > 6 and word.isalpha()]
    if not long:
        return text
    i = long[int(rng.integers(len(long)))]
    at = int(rng.integers(1, len(words[i]) - 2))
    word = words[i]
    words[i] = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :] if rng.random() < 0.5 else word[:at] + word[at + 1 :]
    )
    return " ".join(words)
