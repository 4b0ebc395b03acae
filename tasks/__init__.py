"""Steps: tasks/*.py are Prefect tasks, each a few lines that load, call the library, save and return a reference.

The folders below are the modelling library, one thing per file, no prefect.
"""

import os

os.environ.setdefault("DO_NOT_TRACK", "1")  # Prefect greets its makers at the first import, unless told not to
