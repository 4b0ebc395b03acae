"""Requests to a PACS: how often, how patiently, and what errors tell."""

import logging
import traceback
from collections.abc import Callable

import pytest
import requests

from features.core.catalog.pacs_source import PacsSource
from features.core.errors import RadweaveError
from features.pacs.credentials import Credentials
from features.pacs.server import PacsError, PacsGone, Server
from tests.features.pacs.conftest import FakePacs, Wound

CANARY = "hunter2-canary"


def _ask(server: Server) -> object:
    return server.attempt(lambda: server.client.search_for_studies(limit=10, offset=0))


def test_requests_are_no_faster_than_allowed(server: Callable[..., Server], wound: Wound) -> None:
    slow = server(requests_per_second=4)
    for _ in range(9):
        _ask(slow)
    assert wound.s == pytest.approx(8 / 4)


def test_a_busy_server_is_asked_again_with_growing_patience(
    server: Callable[..., Server], pacs: FakePacs, wound: Wound
) -> None:
    pacs.faults = [503, requests.ConnectionError("P1"), requests.ReadTimeout("P1"), 429]
    assert _ask(server())
    assert [round(s, 2) for s in wound.slept if s > 0.01] == [0.5, 1, 2, 4]


def test_one_request_does_not_use_up_the_budget(server: Callable[..., Server], pacs: FakePacs) -> None:
    pacs.faults = [500] * 5
    found = server(retries=20)
    with pytest.raises(PacsError, match=r"^the PACS fails 5 times \(HTTP 500\)$"):
        _ask(found)
    assert _ask(found)


def test_nobody_is_asked_when_the_budget_is_spent(server: Callable[..., Server], pacs: FakePacs) -> None:
    pacs.faults = [requests.ConnectionError()] * 3
    found = server(retries=2)
    with pytest.raises(PacsGone, match="budget of retries is spent"):
        _ask(found)
    with pytest.raises(PacsGone):
        _ask(found)
    assert len(pacs.log) == 3


def test_what_is_refused_is_not_asked_again(server: Callable[..., Server], pacs: FakePacs) -> None:
    pacs.faults = [404]
    with pytest.raises(PacsError, match=r"does not give what was asked for \(HTTP 404\)"):
        _ask(server())
    pacs.faults = [lambda body: b"<html>Please log in, Secret^P1</html>"]
    with pytest.raises(PacsError, match=r"\(JSONDecodeError\)"):
        _ask(server())
    assert len(pacs.log) == 2


@pytest.mark.parametrize(
    "fault", [401, 403, 404, 503, requests.ConnectionError(f"P1 {CANARY}"), requests.exceptions.SSLError(CANARY)]
)
def test_errors_and_logs_tell_no_password_and_no_patient(
    server: Callable[..., Server], pacs: FakePacs, fault: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    pacs.faults = [fault]
    credentials = Credentials("reader", CANARY)
    found = server(credentials, retries=0)
    with pytest.raises((RadweaveError, PacsError)) as caught:
        found.attempt(lambda: found.client.search_for_studies(search_filters={"PatientID": "P1"}))
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(credentials) + repr(found.client)
    assert CANARY not in told and "PatientID=P1" not in told and "Secret" not in told
    assert pacs.log[0].headers["Authorization"].startswith("Basic ")


def test_a_token_is_sent_as_bearer(server: Callable[..., Server], pacs: FakePacs) -> None:
    _ask(server(Credentials(token="abc")))
    assert pacs.log[0].headers["Authorization"] == "Bearer abc"


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Credentials.from_environment()
    monkeypatch.setenv("RADWEAVE_PACS_USER", "reader")
    with pytest.raises(
        RadweaveError, match="set RADWEAVE_PACS_USER and RADWEAVE_PACS_PASSWORD, or RADWEAVE_PACS_TOKEN"
    ):
        Credentials.from_environment()
    monkeypatch.setenv("RADWEAVE_PACS_PASSWORD", CANARY)
    assert Credentials.from_environment() == Credentials("reader", CANARY)


def test_credentials_come_from_a_block() -> None:
    assert Credentials.from_secret("x", {"user": "u", "password": "p"}) == Credentials("u", "p")
    assert Credentials.from_secret("x", "t") == Credentials(token="t")
    for wrong in ({"user": "u"}, {"name": CANARY}, [CANARY], {}, {"token": 3}):
        with pytest.raises(RadweaveError, match='"x"') as caught:
            Credentials.from_secret("x", wrong)
        assert CANARY not in str(caught.value)


def test_a_url_of_the_environment_is_checked_without_quoting_it(monkeypatch: pytest.MonkeyPatch) -> None:
    source = PacsSource(url="${PACS_URL}")
    monkeypatch.delenv("PACS_URL", raising=False)
    with pytest.raises(RadweaveError, match="set the environment variable PACS_URL"):
        source.address()
    monkeypatch.setenv("PACS_URL", f"https://reader:{CANARY}@pacs.test/dicom-web")
    with pytest.raises(RadweaveError, match="holds a user or a password") as caught:
        source.address()
    assert CANARY not in str(caught.value)
    monkeypatch.setenv("PACS_URL", "https://pacs.test/dicom-web/")
    assert source.address() == "https://pacs.test/dicom-web"
