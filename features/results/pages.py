"""Quality pages: whether those of a cohort show its newest tables. Each page says which tables it shows and which it is."""

from __future__ import annotations

import re

from features.core.digest import digest_json
from features.core.storage.seal import read_sealed
from features.core.storage.store import Store
from features.results.manifest import Manifest

_MARK = re.compile(rb'<meta name="radweave:page" content="(\w+) (\d+)/(\d+)">')


def page_mark(manifest: Manifest, cohort: str) -> str:
    """What a page names its tables by: other tables, or another refresh of the cohort, give another mark."""
    files = {f"{table}/{cohort}": file.sha256 for table, file in manifest.of_cohort(cohort).items()}
    return digest_json([manifest.cohorts[cohort].refreshed, files])[:16]


def page_lack(store: Store, manifest: Manifest, cohort: str) -> str:
    """Why the pages of a cohort are not those of its tables: a sentence, "" if they are. Raises StoreError if one is damaged."""
    mark, page, pages = page_mark(manifest, cohort), 1, 1
    while page <= pages:
        path = store.quality(cohort, page)
        if not path.is_file():
            return f"{path}: is not there; the next refresh, or radweave quality {cohort}, writes it"
        found = _MARK.search(read_sealed(path)[0][:4096])
        if found is None or found[1].decode() != mark or int(found[2]) != page:
            return f"{path}: shows other tables than the newest; the next refresh, or radweave quality {cohort}, writes it again"
        page, pages = page + 1, int(found[3])
    return ""
