"""From DICOM image files to a Volume."""
