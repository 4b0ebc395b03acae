"""Server: requests to a PACS, no faster than allowed, tried again while the budget lasts, with errors that quote nothing."""

from __future__ import annotations

import itertools
import logging
import math
import random
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests
import urllib3
from dicomweb_client import DICOMwebClient
from requests.adapters import HTTPAdapter

from features.core.catalog.pacs_source import PacsSource
from features.core.errors import NetworkError
from features.pacs.credentials import PASSWORD, TOKEN, USER, Credentials

T = TypeVar("T")
TRIES = 5  # of one request: a series that fails again and again must not use up the budget of the others
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})  # answers that may be others a moment later


class PacsError(NetworkError):
    """A request that failed for good. Its text tells the kind of fault: no URL, no UID, nothing that the PACS said."""


class PacsGone(PacsError):
    """The PACS does not answer, and the budget of retries is spent."""


class Incomplete(Exception):
    """An answer ended before it was whole."""


@dataclass(slots=True)
class Clock:
    """Time as the server sees it; tests bring one of their own."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random


@dataclass(slots=True)
class Budget:
    """How often a refresh may still try again; and how often a request failed in a row."""

    left: int
    in_a_row: int = 0


class Server:
    """A DICOMweb server. `client` asks for studies, series and instances, and stores; `get` opens a body to be streamed.

    Every request waits until `requests_per_second` allows it. `attempt` tries again what may succeed later: lost
    connections, time-outs, answers of a busy server, bodies that end too early; after 0.5, 1, 2 … up to 60 s, or as long as
    the server asks for, each shortened by chance to at least half.
    """

    def __init__(
        self,
        pacs: PacsSource,
        credentials: Credentials,
        *,
        clock: Clock | None = None,
        adapter: requests.adapters.BaseAdapter | None = None,
    ) -> None:
        """Raises RadweaveError if the URL is none that may be used. `adapter`: another transport, for tests."""
        self.address = pacs.address()
        self.clock = clock or Clock()
        self.budget = Budget(pacs.retries)
        self._timeout_s = pacs.timeout_s
        session = requests.Session()
        session.auth = credentials or (lambda request: request)  # no other credentials, such as those of a .netrc
        governed = _Governed(adapter or HTTPAdapter(), self.clock, pacs)
        for scheme in ("http://", "https://"):
            session.mount(scheme, governed)
        self._session = session
        self.client = DICOMwebClient(self.address, session=session, timeout=pacs.timeout_s, permissive_uid=True)
        self.client.set_http_retry_params(retry=False)

    def get(self, path: str, accept: str) -> requests.Response:
        """The answer to a GET of a path below the server's root, its body not yet read; within `attempt`."""
        url = f"{self.address}/{path}"
        answer = self._session.get(url, headers={"Accept": accept}, stream=True, timeout=self._timeout_s)
        answer.raise_for_status()
        return answer

    def attempt(self, ask: Callable[[], T]) -> T:
        """What `ask` gives, tried again while that may help.

        Raises RadweaveError if the server refuses the credentials; PacsGone if the budget is spent, from then on without
        asking; PacsError if the server refuses the request, fails five times, or answers with what is not DICOMweb.
        """
        for tried in itertools.count(1):
            if self.budget.left < 0:
                raise PacsGone("the PACS did not answer before")
            with _silenced():
                try:
                    found = ask()
                except Exception as error:
                    failure: Exception = error
                else:
                    self.budget.in_a_row = 0
                    return found
            wait_s = self._wait_s(
                failure, tried
            )  # raises if it is no use to try again; the failure's text stays behind
            self.clock.sleep(wait_s)
        raise AssertionError("counting never ends")

    def _wait_s(self, failure: Exception, tried: int) -> float:
        """How long to wait before the next try. Raises what `attempt` says."""
        kind, answer = type(failure).__name__, getattr(failure, "response", None)
        status = answer.status_code if answer is not None else None
        if status in (401, 403):
            raise NetworkError(
                f"the PACS refuses the credentials (HTTP {status}): check {USER} and {PASSWORD}, or {TOKEN}, or the "
                "Prefect block that the catalog names"
            ) from None
        if isinstance(failure, requests.exceptions.SSLError):
            hint = "check its certificate, or name the file with its CA as `verify` in the catalog"
            raise NetworkError(f"the PACS cannot be trusted: its TLS certificate is not accepted; {hint}") from None
        told = f"HTTP {status}" if status else kind
        lost = (requests.exceptions.ConnectionError, requests.exceptions.Timeout, Incomplete)
        broken = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)
        if status not in BUSY and not isinstance(failure, (*lost, *broken)):
            if status or isinstance(failure, ValueError | LookupError | requests.exceptions.RequestException):
                raise PacsError(f"the PACS does not give what was asked for ({told})") from None
            raise failure
        self.budget.left -= 1
        if self.budget.left < 0:
            raise PacsGone(f"the PACS does not answer ({told}), and the budget of retries is spent") from None
        if tried == TRIES:
            raise PacsError(f"the PACS fails {TRIES} times ({told})") from None
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * math.exp2(self.budget.in_a_row))
        self.budget.in_a_row += 1
        return max(wait_s * (0.5 + 0.5 * self.clock.random()), _asked_for(answer))


def _asked_for(answer: requests.Response | None) -> float:
    """Seconds that the server asks to wait, at most a minute."""
    text = answer.headers.get("Retry-After", "") if answer is not None else ""
    return min(LONGEST_WAIT_S, float(text)) if text.isdecimal() else 0.0


@dataclass
class _Governed(requests.adapters.BaseAdapter):
    """A transport that sends no more requests than allowed, redirected ones counted."""

    inner: requests.adapters.BaseAdapter
    clock: Clock
    pacs: PacsSource
    next_s: float = field(default=float("-inf"))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        now = self.clock.now()
        if now < self.next_s:
            self.clock.sleep(self.next_s - now)
        self.next_s = max(now, self.next_s) + 1 / self.pacs.requests_per_second
        kwargs["verify"] = self.pacs.verify  # a CA bundle of the environment would overrule the session's
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", urllib3.exceptions.InsecureRequestWarning)  # the catalog says so
            return self.inner.send(request, *args, **kwargs)

    def close(self) -> None:
        self.inner.close()


@contextmanager
def _silenced() -> Iterator[None]:
    """Inside, the libraries log nothing: their lines hold UIDs and, in queries, patient ids."""
    loggers = [logging.getLogger(name) for name in ("dicomweb_client", "retrying", "urllib3", "requests")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
