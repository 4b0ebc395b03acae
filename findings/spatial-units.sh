#!/usr/bin/env bash
# One would guess: a reader gives spacings in millimetres, or in the file's own unit, and does so for all formats.
#
# What happens: of a NIfTI in metres SimpleITK gives millimetres, while nibabel's affine and zooms stay in metres; of an NRRD
# with "space units" in metres SimpleITK gives metres as if they were millimetres. The same ROI has a volume 10^9 times too
# small by one way and not by the other; nothing is said.
#
# Versions: SimpleITK 2.5.7, nibabel 5.4.2. Seen on 2026-11-29.
# Source: NIfTI-1 header, xyzt_units (1 is metres); NRRD format, "space units".
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet SimpleITK==2.5.7 nibabel==5.4.2
cat > units.py <<'PYTHON'
import nibabel
import numpy as np
import SimpleITK

voxels = np.zeros((4, 3, 2), np.int16)  # x, y, z; a voxel is 1 x 1 x 2 mm, written in metres
image = nibabel.Nifti1Image(voxels, np.diag([0.001, 0.001, 0.002, 1.0]))
image.header.set_xyzt_units("meter")
nibabel.save(image, "metres.nii")
with open("metres.nrrd", "wb") as file:
    header = (
        "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 4 3 2\n"
        "space directions: (0.001,0,0) (0,0.001,0) (0,0,0.002)\nspace units: \"m\" \"m\" \"m\"\nspace origin: (0,0,0)\n"
        "kinds: domain domain domain\nendian: little\nencoding: raw\n\n"
    )
    file.write(header.encode() + voxels.tobytes(order="F"))
found = {
    "NIfTI by SimpleITK": np.round(SimpleITK.ReadImage("metres.nii").GetSpacing(), 6).tolist(),
    "NIfTI by nibabel": np.round(np.array(nibabel.load("metres.nii").header.get_zooms(), float), 6).tolist(),
    "NRRD by SimpleITK": np.round(SimpleITK.ReadImage("metres.nrrd").GetSpacing(), 6).tolist(),
}
for name, spacing in found.items():
    print(f"{name:18} {spacing}")
metres, millimetres = [0.001, 0.001, 0.002], [1.0, 1.0, 2.0]
assert found == {"NIfTI by SimpleITK": millimetres, "NIfTI by nibabel": metres, "NRRD by SimpleITK": metres}, "changed"
print("as described")
PYTHON
env/bin/python units.py
