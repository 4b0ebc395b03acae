"""OwnStyle: a rule at the end of the UI's style sheet. Prefect 3.8.8 draws a choice among many kinds in one line, past the edge."""

import re

from flows.serving.own_origin import App, Message, Receive, Send

_SHEET = re.compile(r"/assets/index-[\w-]+\.css")
RULE = b"\n.p-button-group{flex-wrap:wrap;max-width:100%}\n"  # choices that do not fit into a line go on in the next


class OwnStyle:
    """An ASGI application that answers with another one; the style sheet of the UI, where it comes whole, with RULE below it."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        is_sheet = scope["type"] == "http" and scope["method"] == "GET" and _SHEET.fullmatch(scope["path"])
        if not is_sheet:
            await self.app(scope, receive, send)
            return
        plain = [
            header for header in scope["headers"] if header[0].lower() != b"accept-encoding"
        ]  # nothing can be added to gzip
        await self.app({**scope, "headers": plain}, receive, _longer(send))


def _longer(send: Send) -> Send:
    """Sends what it is given, and RULE at the end; a part of a file, and bytes that are packed, as they are."""
    is_whole = False

    async def sending(message: Message) -> None:
        nonlocal is_whole
        if message["type"] == "http.response.start":
            names = {name.lower() for name, _ in message["headers"]}
            is_whole = message["status"] == 200 and b"content-encoding" not in names
            if is_whole:
                message["headers"] = [_lengthened(*header) for header in message["headers"]]
        elif is_whole and message["type"] == "http.response.body" and not message.get("more_body", False):
            message["body"] = message.get("body", b"") + RULE
        await send(message)

    return sending


def _lengthened(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    return (name, str(int(value) + len(RULE)).encode()) if name.lower() == b"content-length" else (name, value)
