"""The rule at the end of the UI's style sheet, and nothing else that is another."""

import asyncio
from typing import Any

import pytest

from flows.serving.own_style import RULE, OwnStyle


def answered(path: str, status: int = 200, *headers: tuple[bytes, bytes]) -> list[dict[str, Any]]:
    """What a browser gets of a sheet of six letters in two parts."""

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        assert ("index" in path) == (scope["headers"] == [])  # a sheet that is packed cannot be added to
        given = [(b"content-length", b"6"), *headers]
        await send({"type": "http.response.start", "status": status, "headers": given})
        await send({"type": "http.response.body", "body": b"a{}", "more_body": True})
        await send({"type": "http.response.body", "body": b"b{}"})

    found: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        found.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "headers": [(b"accept-encoding", b"gzip")]}
    asyncio.run(OwnStyle(app)(scope, None, send))  # type: ignore[arg-type]
    return found


def test_the_style_sheet_has_the_rule_and_its_length() -> None:
    start, *parts = answered("/assets/index-CnmqbumH.css")
    body = b"".join(part["body"] for part in parts)
    assert body == b"a{}b{}" + RULE and dict(start["headers"])[b"content-length"] == str(len(body)).encode()


@pytest.mark.parametrize(
    ("path", "status", "headers"),
    [
        ("/assets/other.css", 200, ()),
        ("/assets/index-a.css", 206, ()),
        ("/assets/index-a.css", 200, ((b"content-encoding", b"gzip"),)),
    ],
)
def test_everything_else_comes_as_it_is(path: str, status: int, headers: Any) -> None:
    start, *parts = answered(path, status, *headers)
    assert b"".join(part["body"] for part in parts) == b"a{}b{}"
    assert dict(start["headers"])[b"content-length"] == b"6"
