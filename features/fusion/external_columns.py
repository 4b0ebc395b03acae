"""ExternalColumns: what becomes of columns that an external cohort lacks: an error, or left out for every cohort."""

from typing import Literal

ExternalColumns = Literal["same", "common"]
