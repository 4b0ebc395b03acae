"""What was planted and what was found, as short tables for the screen."""

from collections.abc import Mapping, Sequence

from rich.console import RenderableType

from flows.planted import FoundFault, Genes, Patients, Signal
from flows.screen import table_of, wrapped


def patients_line(found: Patients) -> str:
    """Patients in = patients out, in a sentence."""
    return wrapped(
        f"Patients: {found.came} = {found.used} in the studies + {found.rejected} with a rejected scan + "
        f"{found.without_outcome} without a clinical row + {found.without_scan} without a scan"
    )


def fault_table(faults: Sequence[FoundFault], patients: Patients) -> list[RenderableType]:
    """A row for each planted fault, and what the sound patients lost."""
    columns = {
        "centre": [one.centre for one in faults],
        "planted": [one.told for one in faults],
        "code expected": [one.code for one in faults],
        "found": ["mended" if one.mended else "yes" if one.found else "no" for one in faults],
    }
    there = [one for one in faults if not one.mended]
    title = f"Planted faults: {sum(one.found for one in there)} of {len(there)} found"
    sound = f"Sound patients of whom nothing was rejected: {patients.clean} of {patients.sound}"
    return [table_of(title, columns), sound]


def signal_table(signals: Sequence[Signal], genes: Genes) -> list[RenderableType]:
    """Scores beside those of the truth on the same patients, and the genes that were chosen."""
    columns = {
        "endpoint": [one.endpoint for one in signals],
        "predictors": [one.predictors for one in signals],
        "truth": [f"{one.truth:.2f}" for one in signals],
        "found": [one.shown for one in signals],
    }
    return [
        table_of(f"Planted signal: AUC or C-index of {signals[0].n} patients", columns),
        wrapped(
            "Truth: the score of the true risk on the same patients; of deep features that of the haze around the tumour, "
            "which contours leave out. Found: LASSO under nested cross-validation."
        ),
        wrapped(
            f"Genes: LASSO chose {genes.chosen} in most folds; {genes.informative} of them carry signal, as "
            f"{genes.planted} of all {genes.offered} do. Drawn by lot, {genes.by_chance:.1f} would."
        ),
    ]


def time_table(seconds: Mapping[str, float]) -> RenderableType:
    """How long each step took."""
    total = sum(seconds.values())
    columns = {
        "step": [*seconds, "together"],
        "seconds": [f"{one:.0f}" for one in (*seconds.values(), total)],
    }
    return table_of("Time", columns)
