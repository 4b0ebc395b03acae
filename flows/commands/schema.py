"""schema: the JSON schema of a file that users write, for editors."""

import json
from pathlib import Path
from typing import Annotated

import typer


def schema(
    file: Annotated[
        str,
        typer.Argument(help="catalog, recipe, study, association, or parameters (a parameter file of pyradiomics)."),
    ],
    out: Annotated[Path | None, typer.Option("--output", "--out", help="Write it here instead of printing it.")] = None,
) -> None:
    """Print the JSON schema of a file that you write, by which an editor completes keys and marks faults."""
    from features.core.storage.place import write_bytes
    from flows.reference.schema import schema_of

    text = json.dumps(schema_of(file), indent=1, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    write_bytes(out, text.encode())
    typer.echo(f"Written: {out}. First line of a YAML file beside it: # yaml-language-server: $schema={out.name}")
