"""The failure threshold of a refresh: too many scans newly in quarantine end the run as Failed, with what to do."""

from collections import Counter
from collections.abc import Mapping, Sequence

from features.core.errors import ExitCode, RadweaveError
from features.core.quarantine import NOT_RETRIEVED, REASONS
from features.core.storage.store import Store
from features.core.wording import counted
from features.results.known_results import KnownResults
from features.results.published import Published

ScanKey = tuple[str, str, str, str]  # case, image, ROI, and what tells apart scans of unknown cases
MOST_CODES = 3


class TooManyRejected(RadweaveError):
    """More scans than the threshold allows came newly into quarantine. The mart is published."""

    exit_code = ExitCode.THRESHOLD


def scans_in_quarantine(store: Store, cohort: str) -> dict[ScanKey, str]:
    """Scan → code, of the scans of a cohort that are in quarantine now; empty before its first refresh."""
    table = KnownResults(store, cohort).table("quarantine")  # none if it is damaged: the refresh builds it again
    rows = [row for row in table.to_pylist() if row["stage"] != "tables"] if table is not None else []
    rows = [
        row for row in rows if row["code"] not in NOT_RETRIEVED
    ]  # no fault of the data: the next refresh asks again
    found: dict[ScanKey, str] = {}
    alike = Counter[ScanKey]()
    for row in reversed(rows):
        apart = f"{row['details']} {row['digests']}" if row["stage"] == "index" else ""
        key = (row["case"], row["image"], row["roi"], apart)
        if row["case"].endswith(":unknown"):  # nothing but their number tells equal files apart
            alike[key] += 1
            key = (*key[:3], f"{apart} {alike[key]}")
        found[key] = row["code"]
    return found


def check_threshold(
    store: Store, published: Sequence[Published], before: Mapping[str, Mapping[ScanKey, str]], threshold: float
) -> None:
    """Raises TooManyRejected if a cohort has a larger share of scans newly in quarantine than the threshold."""
    sentences = []
    for one in published:
        now = scans_in_quarantine(store, one.cohort)
        new = [code for scan, code in now.items() if scan not in before[one.cohort]]
        if one.scans and len(new) / one.scans > threshold:
            sentences.append(_sentence(one, new))
    if sentences:
        raise TooManyRejected(
            f"{' '.join(sentences)} The threshold is {threshold:.0%}. The mart is published without these scans and "
            "nothing is lost: mend the files, then refresh again; or raise the threshold if this is how the data are."
        )


def _sentence(one: Published, codes: Sequence[str]) -> str:
    counts = Counter(codes).most_common()
    told = "; ".join(f"{count} × {code}: {_meaning(code)}" for code, count in counts[:MOST_CODES])
    more = f"; {len(counts) - MOST_CODES} further codes" if len(counts) > MOST_CODES else ""
    scans = f"{len(codes)} of {counted(one.scans, 'scan')} of {one.cohort} {'was' if len(codes) == 1 else 'were'}"
    return f"{scans} newly quarantined ({told}{more})."


def _meaning(code: str) -> str:
    reason = REASONS.get(code)
    return f"{reason.means} – {reason.remedy}" if reason else "see docs/data-manager.md"
