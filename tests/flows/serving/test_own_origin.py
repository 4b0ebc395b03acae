"""The guard in front of the Prefect server: who is answered, and who is refused, over HTTP and over a websocket."""

import asyncio
from typing import Any

import pytest

from flows.serving.own_origin import OwnOrigin, own_origins

OWN = {"host": "127.0.0.1:4200"}
EVIL = "http://evil.example"


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """An application that answers everything."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"answered"})


def ask(headers: Any, method: str = "GET", kind: str = "http", url: str = "") -> list[Any]:
    """What is sent to somebody who asks with these headers."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    scope = {"type": kind, "method": method, "path": "/api/flows/count"}
    scope["headers"] = [(name.encode(), value.encode()) for name, value in pairs]
    if kind == "websocket":
        del scope["method"]
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody reads what is refused")

    asyncio.run(OwnOrigin(answer, own_origins(4200, url))(scope, receive, send))
    return sent


OTHERS = [
    {},
    {"host": "evil.example:4200"},
    {"host": "127.0.0.1"},
    {"host": "127.0.0.1:4201"},
    [("host", "127.0.0.1:4200"), ("host", "evil.example")],
    {**OWN, "origin": EVIL},
    {**OWN, "origin": "null"},
    {**OWN, "origin": "http://127.0.0.1:8888"},
    {**OWN, "origin": "https://127.0.0.1:4200"},
    [("host", "127.0.0.1:4200"), ("origin", "http://127.0.0.1:4200"), ("origin", EVIL)],
    {**OWN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script"},
    {**OWN, "sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"},
    {**OWN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
]
OWN_ONES = [
    OWN,  # Prefect's clients
    {"host": "LOCALHOST:4200"},
    {**OWN, "origin": "http://127.0.0.1:4200", "sec-fetch-site": "same-origin"},
    {**OWN, "origin": "http://localhost:4200", "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"},
    {**OWN, "sec-fetch-site": "same-origin", "sec-fetch-mode": "no-cors"},
    {**OWN, "sec-fetch-site": "none", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"},
]


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("headers", OTHERS)
def test_another_host_origin_or_site_is_refused(headers: Any, method: str) -> None:
    start, body = ask(headers, method)
    assert start["status"] == 403
    assert b"refused" in body["body"] or b"may not use this server" in body["body"]


@pytest.mark.parametrize("headers", OTHERS)
def test_a_websocket_of_another_host_origin_or_site_is_never_accepted(headers: Any) -> None:
    (only,) = ask(headers, kind="websocket")
    assert (only["type"], only["code"]) == ("websocket.close", 1008)


@pytest.mark.parametrize("headers", OWN_ONES)
def test_the_ui_and_programs_of_this_machine_are_answered(headers: Any) -> None:
    for method in ("GET", "POST"):
        start, _ = ask(headers, method)
        assert (start["status"], dict(start["headers"])) == (200, {b"x-frame-options": b"DENY"})
    assert ask(headers, kind="websocket")[0]["type"] == "websocket.accept"


def test_a_link_elsewhere_may_open_a_page_and_send_nothing() -> None:
    link = {**OWN, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert [ask(link, method)[0]["status"] for method in ("GET", "POST")] == [200, 403]


def test_behind_a_proxy_its_host_and_origin_are_the_uis_own_too() -> None:
    proxied = {"host": "radweave.example", "origin": "https://radweave.example"}
    assert ask(proxied)[0]["status"] == 403
    assert ask(proxied, url="https://Radweave.example")[0]["status"] == 200
    assert ask({**proxied, "origin": "http://radweave.example"}, url="https://radweave.example")[0]["status"] == 403


def test_the_usual_port_is_left_out_as_browsers_do() -> None:
    assert own_origins(80) == ("http://127.0.0.1", "http://localhost")
