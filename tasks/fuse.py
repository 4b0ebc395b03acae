"""Step 6b: one design table per study."""

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from features.core.catalog.catalog import load_catalog
from features.core.design import Design
from features.fusion.design_file import save_design
from features.fusion.fuse import fuse
from features.fusion.question import Question
from features.fusion.shuffled import with_shuffled
from features.results.manifest import Mart


@task(name="fuse", cache_policy=NO_CACHE, persist_result=False)
def fuse_blocks(mart: Mart, catalog: Path, question: Question, folder: Path) -> Design:
    """The design table, kept as design.parquet in the study's folder."""
    declared = load_catalog(catalog)
    design = fuse(mart, declared, question)
    if question.shuffled:
        design = with_shuffled(design, mart, declared, question)
    save_design(folder / "design.parquet", design, question.signatures)
    return design
