#!/usr/bin/env bash
# One would guess: a reader that is asked for x.nii.gz reads x.nii.gz.
#
# What happens: where x.nii lies beside it, SimpleITK gives the voxels of x.nii, whichever of the two it is asked for, and says
# nothing; nibabel reads the file that it is asked for. A folder in which somebody unpacked an image, or wrote a corrected one
# beside the old, gives other features by other tools.
#
# Versions: SimpleITK 2.5.7, nibabel 5.4.2. Seen on 2026-11-29.
# Source: NIfTI-1: an image in one file is .nii, which may be compressed as .nii.gz; two names are two images.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet SimpleITK==2.5.7 nibabel==5.4.2
cat > neighbours.py <<'PYTHON'
import nibabel
import numpy as np
import SimpleITK


def write(name: str, value: int) -> None:
    nibabel.save(nibabel.Nifti1Image(np.full((4, 3, 2), value, np.int16), np.eye(4)), name)


def read(name: str) -> dict[str, int]:
    voxels = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(name))
    return {"SimpleITK": int(voxels.max()), "nibabel": int(np.asarray(nibabel.load(name).dataobj).max())}


write("x.nii.gz", 2)
alone = read("x.nii.gz")
print("x.nii.gz (voxels 2) alone:", alone)
write("x.nii", 1)
packed, plain = read("x.nii.gz"), read("x.nii")
print("x.nii.gz beside x.nii (voxels 1):", packed)
print("x.nii beside x.nii.gz:", plain)
assert alone == {"SimpleITK": 2, "nibabel": 2} and plain == {"SimpleITK": 1, "nibabel": 1}, "changed"
assert packed == {"SimpleITK": 1, "nibabel": 2}, "changed"
print("as described")
PYTHON
env/bin/python neighbours.py
