"""commands: the page of all commands with their options, made of the command line itself."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from flows.reference.markdown import table

_HEAD = """# All commands

What `radweave --help` and `radweave COMMAND --help` say, on one page. Options in capitals, such as `RADWEAVE_STORE`, are
environment variables that set the option.

"""


def commands_page() -> str:
    """The page as Markdown: a section per group, a command per heading, its arguments and options as a table."""
    from flows.cli import GROUPS, app

    commands = typer.main.get_group(app).commands
    parts = [_HEAD]
    for group in GROUPS:
        parts.append(f"## {group}\n")
        for name, command in commands.items():
            if command.rich_help_panel == group:  # type: ignore[attr-defined]
                parts += _command(name, command)
    return "\n".join(parts)


def _command(name: str, command: Any) -> Iterator[str]:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "help"]
    words = " ".join(_argument(one) for one in arguments)
    text = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    yield f"### radweave {name} {{ #{name} }}\n"
    yield f"```text\nradweave {name}{' ' + words if words else ''}{' [OPTIONS]' if options else ''}\n```\n"
    yield f"{text}\n"
    rows = [(f"`{_argument(one)}`", one.help or "") for one in arguments]
    rows += [(_option(one), _meaning(one)) for one in options]
    if rows:
        yield table(("argument or option", "means"), rows)


def _argument(argument: Any) -> str:
    word = (argument.metavar or argument.name).upper()
    many = " …" if argument.nargs == -1 else ""
    return f"{word}{many}" if argument.required else f"[{word}{many}]"


def _option(option: Any) -> str:
    return ", ".join(f"`{one}`" for one in option.opts)


def _meaning(option: Any) -> str:
    """Its help, the environment variable that stands in for it, and its default where it has one."""
    parts = [re.sub(r"\s+", " ", option.help or "")]
    if option.envvar:
        parts.append(f"`{option.envvar}`.")
    if option.default not in (None, "", False, ()) and not callable(option.default):
        parts.append(f"Default: `{option.default}`.")
    return " ".join(parts)
