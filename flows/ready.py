"""ready: what extractors need is here, or that is said before anything is computed."""

from collections.abc import Iterable

from features.core.kinds.extractor import Extractor
from tasks.running.pool import Pool


def check_needs(extractors: Iterable[Extractor]) -> None:
    """Raises MachineError if a package or weights are missing or others, RadweaveError if a setting of the device is none."""
    for extractor in extractors:
        extractor.require()


def check_devices(extractors: Iterable[Extractor], pool: Pool) -> None:
    """Raises MachineError if a device is demanded and this process, which is to feed it, has none."""
    if pool.feeds_devices_here():
        for extractor in extractors:
            extractor.check_device()
