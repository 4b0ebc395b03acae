"""Step 6b: one design table per study."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.catalog import load_catalog
from features.core.design import Design
from features.core.store import Store
from features.fusion.design import Question, fuse
from features.fusion.keep import save_design


@task(name="fuse", cache_policy=NO_CACHE, persist_result=False)
def fuse_blocks(store: Store, catalog: Path, question: Question, folder: Path) -> Design:
    """The design table, kept as design.parquet in the study's folder."""
    design = fuse(store, load_catalog(catalog), question)
    save_design(folder / "design.parquet", design)
    return design
