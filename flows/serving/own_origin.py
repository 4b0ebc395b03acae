"""OwnOrigin: in front of the Prefect server, so that no web page of another origin can use it through a browser.

A browser sends the name by which it found the server (Host) and where a page comes from (Origin, Sec-Fetch-Site). Prefect
3.8.8 looks at neither: a name that was made to lead here, a form and a websocket of any page were answered.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
POLICY_VIOLATION = 1008
UNFRAMED = (b"x-frame-options", b"DENY")  # no page shows the UI inside itself and has it clicked


def own_origins(port: int, url: str = "") -> tuple[str, ...]:
    """Origins of the UI: this machine's two names for itself, and the URL under which a proxy offers it.

    >>> own_origins(4200, "https://radweave.example/")
    ('http://127.0.0.1:4200', 'http://localhost:4200', 'https://radweave.example')
    """
    here = "" if port == 80 else f":{port}"  # browsers leave out the usual port
    found = [f"http://127.0.0.1{here}", f"http://localhost{here}"]
    if url:
        parts = urlsplit(url)
        found.append(f"{parts.scheme}://{parts.netloc}".lower())
    return tuple(found)


class OwnOrigin:
    """An ASGI application that answers with another one, and with 403 what the UI and Prefect's clients never send.

    Asked is the Host of every request and websocket: one of the origins' hosts. Where the asker is a browser that says where
    the page comes from: one of the origins. Of other sites a browser may only open a page of the UI, as links do.
    """

    def __init__(self, app: App, origins: Iterable[str]) -> None:
        self.app = app
        self.origins = frozenset(origins)
        self.hosts = frozenset(urlsplit(origin).netloc for origin in self.origins)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
        elif fault := self.fault(scope):
            await _refuse(scope["type"], fault, send)
        else:
            await self.app(scope, receive, _unframed(send))

    def fault(self, scope: Message) -> str:
        """What is wrong with a request, as a sentence; empty if nothing is."""
        given = [(name.decode("latin-1").lower(), value.decode("latin-1").lower()) for name, value in scope["headers"]]
        hosts, origins = ([value for name, value in given if name == wanted] for wanted in ("host", "origin"))
        if len(hosts) != 1 or hosts[0] not in self.hosts:
            return f"this server is asked for as {' or '.join(sorted(self.hosts))} only: another Host is refused"
        if origins:
            own = len(origins) == 1 and origins[0] in self.origins
            return "" if own else "pages of another origin may not use this server"
        fetch = {name: value for name, value in given if name.startswith("sec-fetch-")}
        if fetch.get("sec-fetch-site", "none") in ("none", "same-origin"):
            return ""
        opened = (fetch.get("sec-fetch-mode"), fetch.get("sec-fetch-dest")) == ("navigate", "document")
        return "" if opened and scope.get("method") == "GET" else "pages of another site may not use this server"


async def _refuse(kind: str, fault: str, send: Send) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": fault})
        return
    body = json.dumps({"detail": fault}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _unframed(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), UNFRAMED]
        await send(message)

    return sending
