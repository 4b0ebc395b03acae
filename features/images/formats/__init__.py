"""From NIfTI, NRRD and MetaImage files to a Volume."""
