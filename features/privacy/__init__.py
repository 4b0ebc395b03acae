"""De-identification: image files without what could identify a patient. Pseudonyms themselves are made in core."""
