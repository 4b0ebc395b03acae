"""check: catalog, recipes and studies, all faults at once."""

from pathlib import Path
from typing import Annotated

import typer

from features.core.errors import RadweaveError
from features.core.wording import counted
from flows.commands.options import CATALOG, CatalogOption


def check(
    studies: Annotated[
        list[str] | None,
        typer.Argument(
            help="Studies, by name or YAML file, and files of recipes; without any, the studies of radweave."
        ),
    ] = None,
    recipe: Annotated[list[str] | None, typer.Option(help="A recipe, by name or YAML file; may be repeated.")] = None,
    catalog: CatalogOption = CATALOG,
) -> None:
    """Validate catalog, recipes and studies, all faults at once, without touching pixels.

    A study is judged as `study --catalog` would run it. Of radweave's own, those whose cohorts the catalog lacks are left
    out, and named.
    """
    from flows.configuration import check_configuration, left_out
    from flows.named import find_recipe, find_study, own_recipe_files, recipe_files, study_files
    from flows.wanted import fits_cohort

    recipes_given = [one for one in studies or [] if _is_recipe(one)]
    studies = [one for one in studies or [] if one not in recipes_given]
    own = [*(recipe or []), *recipes_given]
    files = [find_study(one) for one in studies or ([] if own else study_files())]
    left = {} if studies else left_out(files, catalog)
    judged = [path for path in files if path not in left]
    found = check_configuration(catalog, judged, own)
    count = counted(len(judged), "study", "studies")
    typer.echo(f"{catalog}: {counted(len(found.cohorts), 'cohort')}; {len(recipe_files())} recipes of radweave")
    folder = catalog.resolve().parent
    beside = [path.relative_to(folder) for path in own_recipe_files(folder)]
    places = [(str(catalog.parent / path), path) for path in beside]
    there = [find_recipe(given) for given, _ in places]
    named = [
        one for one in own if find_recipe(one, beside=folder) not in there
    ]  # that are not beside the catalog anyway
    for given, place in [*places, *((one, one) for one in named)]:
        fitted = ", ".join(
            name for name in found.cohorts if fits_cohort(found, name, find_recipe(given, beside=folder))
        )
        asked = place in beside and not find_recipe(given).default  # else it is extracted unasked, or was named
        when = "; extracted where it is asked for, as `default: true` is not said" if asked else ""
        typer.echo(f"{place}: no faults; for {f'cohort {fitted}' if fitted else 'no cohort of this catalog'}{when}")
    if judged or not own:
        typer.echo(f"{count}: no faults" if judged else "no study of radweave is of these cohorts")
    for why in dict.fromkeys(left.values() if judged else ()):
        names = [path.stem for path, reason in left.items() if reason == why]
        typer.echo(f"{counted(len(names), 'study', 'studies')} left out ({', '.join(names)}): {why}")
    for name in found.cohorts:
        try:
            typer.echo(f"  {name}: files in {found.root(name)}")
            for source in dict.fromkeys(step for one in found.cohorts[name].every_source for step in one.steps):
                source.resolved(found.folder)
        except RadweaveError as error:
            typer.echo(f"  {name}: not available here: {error}")


def _is_recipe(given: str) -> bool:
    """Whether a file, as its keys say, is a recipe. What cannot be read is told where it is read again."""
    from features.core.errors import ConfigError
    from features.core.file_kinds import file_kind
    from features.core.yaml import Document

    path = Path(given)
    if not path.is_file():
        return False
    try:
        return file_kind(Document.load(path).data) == "recipe"
    except ConfigError:
        return False
