"""What the server shows of a store: reports and quality pages, read-only, and nothing besides, whatever is asked for."""

import asyncio
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from flows.serving.pages import Pages

RUN = "studies/response/0123456789abcdef"
REPORT, QUALITY = f"{RUN}/report.html", "quality/builtin-2.html"
SERVED = b"<html>a page</html>"
HIDDEN = (
    f"{RUN}/scores.parquet",
    f"{RUN}/study.json",
    "work/a/report.html",
    "quality/builtin.json",
    "prefect/server.html",
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with pages, and with files that nobody may have."""
    found = tmp_path_factory.mktemp("served") / "store"
    for place in (REPORT, QUALITY, *HIDDEN, "../secret.html"):
        (found / place).parent.mkdir(parents=True, exist_ok=True)
        (found / place).write_bytes(SERVED)
    (found / "quality/linked.html").symlink_to(found.parent / "secret.html")
    (found / "studies/outside").symlink_to(found.parent)
    return found


def ask(
    store: Path, path: str, method: str = "GET", auth: str = "", given: str | None = None
) -> tuple[int, Any, bytes]:
    """Status, headers and body of what is answered to a path; 599 where it is passed on to the UI."""

    async def ui(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 599, "headers": []})
        await send({"type": "http.response.body", "body": b"the UI"})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        await asyncio.Event().wait()  # nobody hangs up

    headers = [] if given is None else [(b"authorization", b"Basic " + b64encode(given.encode()))]
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
    asyncio.run(Pages(ui, store, auth)(scope, receive, send))
    body = b"".join(one.get("body", b"") for one in sent[1:])
    return sent[0]["status"], {name.decode(): value.decode() for name, value in sent[0]["headers"]}, body


@pytest.mark.parametrize("place", [REPORT, QUALITY])
def test_a_page_is_shown_and_can_do_nothing(store: Path, place: str) -> None:
    status, headers, body = ask(store, f"/pages/{place}")
    assert (status, body) == (200, SERVED)
    assert headers["content-type"].startswith("text/html")
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none';")
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize(
    "place",
    [
        *HIDDEN,
        "../secret.html",
        "quality/../../secret.html",
        "quality/..\\..\\secret.html",
        "quality/linked.html",
        "studies/outside/secret.html",
        "studies/../prefect/server.html",
        f"quality/../{QUALITY}",
        f"/{QUALITY}",
        "quality//builtin-2.html",
        f"{QUALITY}\0",
        f"{QUALITY}\n",
        "quality/absent.html",
        "quality/",
        "",
    ],
)
def test_nothing_else_is_shown(store: Path, place: str) -> None:
    status, headers, body = ask(store, f"/pages/{place}")
    assert (status, body) == (404, b"There is no such page in the store: it may have been removed.")
    assert "default-src 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_are_read_only(store: Path, method: str) -> None:
    status, headers, _ = ask(store, f"/pages/{QUALITY}", method)
    assert (status, headers["allow"]) == (405, "GET, HEAD")


def test_a_server_with_a_password_asks_for_it_before_it_shows_a_page(store: Path) -> None:
    status, headers, body = ask(store, f"/pages/{QUALITY}", auth="me:secret")
    assert (status, SERVED in body) == (401, False)
    assert headers["www-authenticate"].startswith('Basic realm="radweave"')
    assert ask(store, f"/pages/{QUALITY}", auth="me:secret", given="me:wrong")[0] == 401
    assert ask(store, f"/pages/{QUALITY}", auth="me:secret", given="me:secret")[::2] == (200, SERVED)


def test_all_other_paths_are_the_uis(store: Path) -> None:
    assert [ask(store, path)[0] for path in ("/", "/api/flow_runs/count", "/pages", "/pagesx/y")] == [599] * 4
