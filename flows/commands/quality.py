"""quality: one page that shows the quality of a cohort at a glance."""

from typing import Annotated

import typer

from features.core.errors import RadweaveError, hint_sentence
from features.core.wording import counted
from flows.commands.options import CATALOG, STORE, CatalogOption, StoreOption, open_store


def quality(
    cohort: Annotated[str, typer.Argument(help="Cohort of the store.")],
    draw: Annotated[
        bool, typer.Option("--draw", help="Draw thumbnails that are not kept yet: reads these scans again.")
    ] = False,
    catalog: CatalogOption = CATALOG,
    store: StoreOption = STORE,
) -> None:
    """Write the quality page of a cohort: thumbnails with contours, acquisition, distributions, outliers, quarantine.

    Every refresh that changes something does so by itself.
    """
    from features.results.manifest import newest
    from flows.screen import Screen
    from tasks.quality.quality_page import write_quality

    place = open_store(store)
    cohorts = newest(place).cohorts
    if cohort not in cohorts:
        hint = hint_sentence(cohort, cohorts)
        raise RadweaveError(
            f'the store has no cohort "{cohort}"; it has {", ".join(cohorts) or "none"}. {hint}'.strip()
        )
    with Screen() as screen:
        if draw:
            from features.images.index.file_cache import FileCache
            from features.results.withdraw import withdrawn_cases
            from flows.commands.keys import store_key
            from tasks.draw_quality import draw_missing
            from tasks.index import index_scans
            from tasks.running.pool import Pool

            key = store_key(place, catalog)
            with place.writing(cohort), Pool() as pool:
                cache = FileCache.load(place.files(cohort), key)
                index = index_scans.fn(catalog, cohort, cache, withdrawn=withdrawn_cases(place))
                drawn, lost = draw_missing(index.scans, place, pool, cohort)
            screen.show(
                f"{counted(drawn, 'picture was', 'pictures were')} drawn; {counted(lost, 'image')} could not be read"
            )
        with place.reading():
            write_quality(place, cohort)
        screen.show(f"Quality of {cohort}: {place.quality(cohort)}")
