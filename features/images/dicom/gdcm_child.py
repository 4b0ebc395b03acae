"""Run as a program: decodes DICOM files by GDCM, whose decoders may end the process where data are damaged.

Reads paths from stdin, each ended by NUL; writes for each the number of its bytes (8 bytes, little endian) and the bytes
of its stored values, none where it cannot be decoded.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Decode the files that stdin names."""
    import gdcm

    for path in sys.stdin.buffer.read().split(b"\0")[:-1]:
        reader = gdcm.ImageReader()
        reader.SetFileName(path.decode("utf-8", "surrogateescape"))
        # GDCM gives bytes as text
        data = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape") if reader.Read() else b""
        sys.stdout.buffer.write(len(data).to_bytes(8, "little") + data)


if __name__ == "__main__":
    main()
