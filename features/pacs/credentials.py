"""Credentials: what a PACS asks for. They come from the environment or a Prefect block and are never shown."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

import requests

from features.core.errors import RadweaveError

USER, PASSWORD, TOKEN = "RADWEAVE_PACS_USER", "RADWEAVE_PACS_PASSWORD", "RADWEAVE_PACS_TOKEN"


@dataclass(frozen=True, slots=True)
class Credentials(requests.auth.AuthBase):
    """A user with a password, a bearer token, or nothing. The repr shows none of them."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)

    @classmethod
    def from_environment(cls) -> Credentials:
        """Those of RADWEAVE_PACS_USER and RADWEAVE_PACS_PASSWORD, or of RADWEAVE_PACS_TOKEN; empty if none is set.

        Raises RadweaveError if a user stands without a password, or the other way round, or beside a token.
        """
        found = cls(*(os.environ.get(name, "") for name in (USER, PASSWORD, TOKEN)))
        return found._checked(f"set {USER} and {PASSWORD}, or {TOKEN} alone")

    @classmethod
    def from_secret(cls, name: str, value: object) -> Credentials:
        """Those of a Prefect Secret block: {user, password}, {token}, or the token as text. Raises RadweaveError."""
        wanted = f'the Prefect block "{name}" should hold {{user, password}}, {{token}}, or a token as text'
        if isinstance(value, str):
            value = {"token": value}
        if not isinstance(value, Mapping) or not all(isinstance(one, str) for one in value.values()):
            raise RadweaveError(wanted)
        if not value or value.keys() - {"user", "password", "token"}:
            raise RadweaveError(wanted)
        return cls(**value)._checked(wanted)

    def _checked(self, otherwise: str) -> Credentials:
        if bool(self.user) != bool(self.password) or (self.user and self.token):
            raise RadweaveError(f"the credentials of the PACS are not whole: {otherwise}")
        return self

    def __bool__(self) -> bool:
        return bool(self.user or self.token)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with its Authorization header."""
        if self.token:
            request.headers["Authorization"] = f"Bearer {self.token}"
            return request
        if self.user:
            return requests.auth.HTTPBasicAuth(self.user, self.password)(request)
        return request
