"""Pages: the reports, cards and quality pages of the served store, read-only, beside the UI, so that a link of a run opens them.

Nothing else of the store is served. A page can do less than the UI: it runs no script, loads nothing, and the browser takes
it for another site, so that it cannot use the server.
"""

import re
import secrets
from base64 import b64encode
from http import HTTPStatus
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles

from flows.serving.address import PAGES
from flows.serving.own_origin import App, Message, Receive, Send

_SERVED = re.compile(
    r"(studies|scores)/[a-z][a-z0-9_]{0,59}/[0-9a-f]{16}/report\.html|models/[a-z][a-z0-9_]{0,59}/[0-9a-f]{16}/card\.html|"
    r"quality/[a-z][a-z0-9_]{0,59}(-[0-9]+)?\.html"
)
_HEADERS = {
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",  # pages show images: the browser keeps no copy
}


class Pages:
    """An ASGI application that answers /pages/… from a store, and with another application all else.

    auth: the "user:password" that the server asks for; the browser then asks for it too. Without one, nobody is asked.
    """

    def __init__(self, app: App, store: Path, auth: str = "") -> None:
        self.app = app
        self.files = _Served(directory=store)
        self.wanted = f"Basic {b64encode(auth.encode()).decode()}" if auth else ""

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PAGES):
            await self.app(scope, receive, send)
            return
        response = await self._answer(scope)
        response.headers.update(_HEADERS)
        await response(scope, receive, send)

    async def _answer(self, scope: Message) -> Response:
        given = Request(scope).headers.get("authorization", "")
        if self.wanted and not secrets.compare_digest(given.encode(), self.wanted.encode()):
            asks = {"www-authenticate": 'Basic realm="radweave", charset="UTF-8"'}
            return PlainTextResponse("This server asks for a password.", HTTPStatus.UNAUTHORIZED, asks)
        place = scope["path"].removeprefix(PAGES)
        try:
            return await self.files.get_response(place, scope)
        except HTTPException as error:
            if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
                return PlainTextResponse("Pages can only be read.", error.status_code, error.headers)
            return PlainTextResponse(
                "There is no such page in the store: it may have been removed.", HTTPStatus.NOT_FOUND
            )


class _Served(StaticFiles):
    """Files of a folder, of which only reports, cards and quality pages are found; links that lead out of it are not followed."""

    def lookup_path(self, path: str) -> Any:
        return super().lookup_path(path) if _SERVED.fullmatch(path) else ("", None)
