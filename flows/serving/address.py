"""The Prefect server that PREFECT_API_URL names: whether it can be used, and where it shows a page of the store."""

import base64
import json
import os
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_KEY

from features.core.errors import NetworkError, RadweaveError
from features.core.storage.place import read_bytes

BUSY = (429, 500, 502, 503, 504)  # answers of a server that is there
PAGES = "/pages/"  # of radweave serve; other servers have no such address


def server_fault(server: str) -> RadweaveError | None:
    """Why the server at this PREFECT_API_URL cannot be used, and what to do; None if it can."""
    if not server.startswith(("http://", "https://")):
        return RadweaveError("PREFECT_API_URL is no address of a server: give one such as http://127.0.0.1:4200/api")
    headers = {"content-type": "application/json", **credentials()}
    try:
        request = urllib.request.Request(f"{server.rstrip('/')}/flows/count", b"{}", headers)
        with urllib.request.urlopen(request, timeout=5) as answer:
            is_count = answer.read(100).strip().isdigit()
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 401:
            return NetworkError(
                "the Prefect server that PREFECT_API_URL names asks for a password: set PREFECT_API_AUTH_STRING to it"
            )
        if error.code == 403:
            return RadweaveError(
                "the Prefect server at PREFECT_API_URL is asked for by another name: use http://127.0.0.1:PORT/api"
            )
        is_count = error.code in BUSY
    except (OSError, ValueError, HTTPException):
        return NetworkError("the Prefect server that PREFECT_API_URL names does not answer: start it")
    return None if is_count else RadweaveError("at PREFECT_API_URL answers no Prefect API: its address ends with /api")


def credentials() -> dict[str, str]:
    """The header by which Prefect's clients say who they are: of a server with a password, or of Prefect Cloud."""
    if password := PREFECT_API_AUTH_STRING.value():
        return {"authorization": "Basic " + base64.b64encode(password.encode()).decode()}
    key = PREFECT_API_KEY.value()
    return {"authorization": f"Bearer {key}"} if key else {}


def page_address(page: Path, place: str) -> str:
    """Where a browser finds a page of the store on the server of this run; "" if it is not shown there, or another one is.

    place: of the page below the store. A run may write to another store than the one that is served, and a server of one's
    own serves no pages: so the page is asked for, and its bytes are compared.
    """
    server = os.environ.get("PREFECT_API_URL", "").rstrip("/").removesuffix("/api")
    if not server.startswith(("http://", "https://")):
        return ""
    try:
        if _read(f"{server}{PAGES}{place}") != read_bytes(page):
            return ""
        browsers = str(json.loads(_read(f"{server}/ui-settings"))["api_url"])  # another address, where there is a proxy
    except (OSError, HTTPException, ValueError, KeyError, TypeError):  # a status that is no success is an OSError too
        return ""
    return f"{browsers.rstrip('/').removesuffix('/api')}{PAGES}{place}"


def _read(address: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, headers=credentials()), timeout=10) as answer:
        found: bytes = answer.read()
    return found
