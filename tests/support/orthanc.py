"""A real PACS for tests: Orthanc with its DICOMweb plugin, in a network namespace that nothing outside can reach.

Orthanc 1.10 listens on all addresses whatever its settings say, so this thread of the tests moves into a new namespace with
nothing but a loopback, and Orthanc with it.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
USER, PASSWORD = "reader", "hunter2-canary-orthanc"
URL = "http://127.0.0.1:8042/dicom-web"
_CLONE_NEWNET, _SIOCSIFFLAGS, _IFF_UP = 0x40000000, 0x8914, 0x1


def why_not() -> str:
    """Why there can be no Orthanc on this machine; empty if there can."""
    if not shutil.which("Orthanc") or not PLUGIN.is_file():
        return "Orthanc or its DICOMweb plugin is not installed (apt-get install orthanc orthanc-dicomweb)"
    try:
        with private_network():
            return ""
    except OSError as error:
        return f"no private network namespace can be made here ({error.strerror}): that takes root on Linux"


@contextmanager
def private_network() -> Iterator[None]:
    """Inside, this thread and the processes that it starts are in a network of their own. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *arguments: int) -> None:
        if getattr(libc, name)(*arguments):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        call("unshare", _CLONE_NEWNET)
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                fcntl.ioctl(one, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
            yield
        finally:
            call("setns", before, _CLONE_NEWNET)
    finally:
        os.close(before)


class Orthanc:
    """A server that may be killed and started again; what it holds stays."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "orthanc.json"
        settings = {
            "StorageDirectory": str(folder / "orthanc"),
            "IndexDirectory": str(folder / "orthanc"),
            "AuthenticationEnabled": True,
            "RegisteredUsers": {USER: PASSWORD},
            "DicomServerEnabled": False,
            "HttpPort": 8042,
            "Plugins": [str(PLUGIN)],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
        }
        self._file.write_text(json.dumps(settings))
        self.start()

    def start(self) -> None:
        """Start, and wait until it answers."""
        self._process = subprocess.Popen(
            ["Orthanc", str(self._file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(6000):
            try:
                requests.get(f"{URL}/studies", auth=(USER, PASSWORD), timeout=5).raise_for_status()
                return
            except requests.RequestException:
                assert self._process.poll() is None, "Orthanc ended at its start"
                time.sleep(0.05)
        raise AssertionError("Orthanc does not answer")

    def kill(self) -> None:
        """kill -9."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
