"""Files that are dangerous to open or to show. Each function spoils one CT with contours."""

from __future__ import annotations

import io
import tarfile
import zipfile
from functools import partial

from tests.corpus.registry import fault, recovered, refused
from tests.corpus.study import Pair, Study, encode

ct = partial(fault, "Security", "ct")
nrrd = partial(fault, "Security", "nrrd")
phi = partial(fault, "PHI", "ct")


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def tarred(files: dict[str, bytes], *links: tuple[str, str]) -> bytes:
    """A compressed tar archive; links: name and target."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        for name, target in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return file.getvalue()


def files_of(study: Study, folder: str = "study") -> dict[str, bytes]:
    """The study as files of an archive."""
    return {f"{folder}/{i:03d}.dcm": encode(one) for i, one in enumerate([*study.images, study.mask])}


def archived(study: Study, name: str, data: bytes) -> Study:
    """Nothing but an archive."""
    return Study(study.patient, [], None, {name: data})


@ct(recovered(ignored_archive=1))
def archive(study: Study) -> Study:
    """The study lies in a zip archive."""
    return archived(study, "study.zip", zipped(files_of(study)))


@ct(recovered(ignored_archive=1))
def archive__tar(study: Study) -> Study:
    """The study lies in a compressed tar archive."""
    return archived(study, "study.tar.gz", tarred(files_of(study)))


@nrrd(recovered(ignored_archive=1))
def archive__files(pair: Pair) -> None:
    """An image and its label map lie in a zip archive of the patient's name."""
    pair.files = {f"../{pair.patient}.zip": zipped(pair.files)}


@ct(refused("ARCHIVE_DAMAGED", stage="index"))
def archive__damaged(study: Study) -> Study:
    """An archive ends in the middle."""
    data = zipped(files_of(study))
    return archived(study, "study.zip", data[: len(data) // 2])


@ct(refused("ARCHIVE_UNSAFE", stage="index"))
def sec_zipslip(study: Study) -> Study:
    """Names in an archive lead out of its folder."""
    return archived(study, "study.zip", zipped({"../../escaped.dcm": encode(study.slices[0])}))


@ct(refused("ARCHIVE_UNSAFE", stage="index"))
def sec_zipslip__link(study: Study) -> Study:
    """An archive holds a link that leads out of its folder."""
    return archived(study, "study.tar.gz", tarred({}, ("link.dcm", "/etc/hostname")))


@ct(refused("ARCHIVE_BOMB", stage="index"))
def sec_bomb(study: Study) -> Study:
    """An archive of a few kB holds 16 MB of zeros."""
    return archived(study, "study.zip", zipped({"zeros.dcm": bytes(16 << 20)}))


@ct(refused("index SEC_BOMB", "index DICOM_MISSING_END"))
def sec_bomb__deflated(study: Study) -> None:
    """A deflated DICOM file of a few kB swells to 68 MB."""
    for i, ds in enumerate(study.slices[:1]):
        head = io.BytesIO()
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
        ds.PixelData = bytes(65 << 20)
        ds.save_as(head, enforce_file_format=True)
        study.images[i] = head.getvalue()


@ct(refused("DICOM_SHORT_PIXELS"))
def sec_bomb__matrix(study: Study) -> None:
    """Headers claim 60,000 × 60,000 pixels."""
    for ds in study.slices:
        ds.Rows = ds.Columns = 60_000


@ct(refused("UNREADABLE", stage="index"))
def sec_path(study: Study) -> Study:
    """A link leads out of the cohort's folder."""
    return Linked(study.patient, [], None)


class Linked(Study):
    """A folder with a link that leads out of it."""

    def write(self, folder) -> None:  # type: ignore[no-untyped-def]
        """Write the link."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "link.dcm").symlink_to("/etc/hostname")


@ct(refused("index SEC_DOS", "quality DICOM_MISSING_SLICE"))
def sec_dos(study: Study) -> None:
    """A file holds 3,000 nested sequences."""
    ds = study.slices[4]
    start = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    data = encode(ds)
    place = data.index(b"\x10\x00\x10\x00PN")  # before PatientName
    study.images[4] = data[:place] + start * 3000 + data[place:]


@phi(refused("PHI_BURNED"))
def phi_burned(study: Study) -> None:
    """The images say that text is burned into their pixels."""
    for ds in study.slices:
        ds.BurnedInAnnotation = "YES"


@phi(refused("PHI_BURNED"))
def phi_burned__capture(study: Study) -> None:
    """The images are screenshots that call themselves CT."""
    for ds in study.slices:
        ds.ImageType, ds.ConversionType = ["DERIVED", "SECONDARY", "SCREEN SAVE"], "WSD"


@phi(recovered("PHI_FACE"))
def phi_face(study: Study) -> None:
    """The images show a face."""
    for ds in study.slices:
        ds.BodyPartExamined = "HEAD"
