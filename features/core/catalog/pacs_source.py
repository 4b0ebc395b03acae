"""PacsSource: the PACS that a source's DICOM files are retrieved from, as declared in the catalog. No credentials stand here."""

from __future__ import annotations

import os
import re
from datetime import date, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from features.core.errors import RadweaveError
from features.core.frozen import Frozen

PACS_FOLDER = ".pacs"  # below a source's folder: series that are still being retrieved; the index does not look into it


class StudyDates(Frozen):
    """Which studies by their date: from a day, to a day (both included), or of the last days."""

    start: date | None = Field(None, alias="from", description="first day")
    to: date | None = Field(None, description="last day")
    last_days: PositiveInt | None = Field(None, description="only studies of so many days before today")

    @model_validator(mode="after")
    def check_order(self) -> StudyDates:
        if self.last_days and (self.start or self.to):
            raise ValueError("last_days stands alone, or from and to do")
        if self.start and self.to and self.start > self.to:
            raise ValueError("from is later than to")
        return self

    def span(self, today: date) -> tuple[date | None, date | None]:
        """First and last day, None where it is open."""
        if self.last_days:
            return today - timedelta(days=self.last_days), None
        return self.start, self.to


class PacsSource(Frozen):
    """A DICOMweb server, and which series of it belong to the source: `study_date`, `description` and `patients` choose."""

    url: str = Field(
        description="root of the server, such as https://pacs.example.org/dicom-web; may hold `${VARIABLE}`, never a password"
    )
    study_date: StudyDates = Field(StudyDates(), description="which studies by their date")
    description: str = Field(
        "", description="regular expression for the whole SeriesDescription of the image, in any case"
    )
    patients: str = Field("", description="text file below the root of the cohort, one patient id a line")
    secret: str = Field("", description="name of a Prefect Secret block with the credentials")
    requests_per_second: Annotated[PositiveFloat, Field(le=1000)] = Field(
        5.0, description="requests at most per second"
    )
    retries: Annotated[int, Field(ge=0)] = Field(
        20, description="how often in one refresh a request may be tried again"
    )
    timeout_s: PositiveFloat = Field(60.0, description="seconds that an answer may take")
    settle_s: Annotated[float, Field(ge=0)] = Field(
        30.0,
        description="seconds for which the number of files of a series must have stayed the same before it is taken as complete",
    )
    verify: bool | str = Field(
        True, description="check the server's certificate; or a file with its certificate authority"
    )

    def address(self) -> str:
        """The URL with its variables. Raises RadweaveError, which never quotes a value, if it is none that may be used."""
        unset = [name for name in re.findall(r"\${(\w+)}", self.url) if not os.environ.get(name)]
        if unset:
            raise RadweaveError(f"set the environment variable {unset[0]} to the URL of the PACS")
        address = re.sub(r"\${(\w+)}", lambda match: os.environ[match[1]], self.url)
        wrong = url_fault(address)
        if wrong:
            raise RadweaveError(f"the URL of the PACS {wrong}; allowed: https://host[:port]/path")
        return address.rstrip("/")


def url_fault(url: str) -> str:
    """What is wrong with a URL, without quoting it: it may hold a password. Empty if nothing is."""
    if not url.startswith("${") and not re.match(r"https?://[^/]", url):
        return "begins neither with https:// nor with http://"
    if "@" in url:
        return "holds a user or a password"
    if "?" in url or "#" in url:
        return "holds a query"
    try:
        _ = urlsplit(re.sub(r"\${\w+}", "1", url)).port
    except ValueError:
        return "holds no valid port"
    return ""
