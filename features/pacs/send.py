"""send: stores data sets at a PACS by STOW-RS."""

from __future__ import annotations

import io
from collections.abc import Sequence

from pydicom import dcmread
from pydicom.dataset import Dataset

from features.core.wording import counted
from features.pacs.server import PacsError, Server


def encode(dataset: Dataset) -> bytes:
    """The bytes of a DICOM file, with the preamble and the file meta information that a data set in memory may lack."""
    dataset.preamble = b"\0" * 128
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def send(server: Server, files: Sequence[bytes]) -> None:
    """Store DICOM files, tried again while that may help.

    Raises PacsError if the PACS does not take every one of them, and what `Server.attempt` raises.
    """
    datasets = [dcmread(io.BytesIO(data)) for data in files]
    answer = server.attempt(lambda: server.client.store_instances(datasets))
    stored = {str(item.ReferencedSOPInstanceUID) for item in answer.get("ReferencedSOPSequence") or []}
    refused = len({str(dataset.SOPInstanceUID) for dataset in datasets} - stored)
    if refused:
        raise PacsError(f"the PACS does not take {refused} of {counted(len(datasets), 'file')}")
