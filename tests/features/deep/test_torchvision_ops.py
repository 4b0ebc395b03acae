"""torchvision can be imported beside any build of torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("torch")

CODE = """
import torch
from features.deep.torchvision_ops import import_torchvision
import_torchvision()
import_torchvision()
import timm, torchvision
try:
    torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), 0.5)
except (RuntimeError, NotImplementedError) as error:
    assert not torchvision.extension._has_ops(), error
else:
    assert torchvision.extension._has_ops()
print(torch.__version__)
"""


@pytest.mark.slow
def test_torchvision_and_timm_are_imported_whatever_their_operators() -> None:
    done = subprocess.run([sys.executable, "-W", "error", "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.strip()
