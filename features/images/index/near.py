"""near_names: what files are called that a template of the catalog misses, without a word that may be a patient's."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher

from features.core.wording import counted

MOST = 3
ENDINGS = frozenset(("nii", "gz", "nrrd", "nhdr", "mha", "mhd", "hdr", "img", "raw", "dcm", "json", "txt"))
_TOKEN = re.compile(r"[^\W_]+")


def near_names(template: str, names: Iterable[str]) -> str:
    """The forms of names that are most like a template, with how many files have each; "" if there are none.

    Only words of the template, in any case, and endings of files are repeated; `*` stands for all others.

    >>> near_names("{patient}/CT.nii.gz", ["Doe/ct.nii.gz", "Roe/ct.nii.gz", "Roe/pet/notes.txt"])
    '"*/ct.nii.gz" (2 files), "*/*/*.txt" (1 file)'
    """
    words = {token.lower() for token in _TOKEN.findall(re.sub(r"{.*?}", "/", template))} | ENDINGS
    forms = Counter(_form(name, words) for name in names)
    wanted = re.sub(r"{.*?}", "*", template)

    def rank(form: str) -> tuple[float, int, str]:
        return -SequenceMatcher(None, wanted.lower(), form.lower()).ratio(), -forms[form], form

    shown = sorted(forms, key=rank)[:MOST]
    return ", ".join(f'"{form}" ({counted(forms[form], "file")})' for form in shown)


def _form(name: str, words: frozenset[str] | set[str]) -> str:
    kept = _TOKEN.sub(lambda match: match[0] if match[0].lower() in words else "*", name)
    return re.sub(r"\*([^/]\*)+", "*", kept)
