"""Images: files become checked Volumes and Regions.

index: from a cohort's files to its scans. dicom, formats: from files to a Volume. masks: from files to a mask on its grid.
region: both together, checked. prepare, with normalisers and variants: a Region as a recipe wants it.

What is computed from a Region (features, network inputs) does not live here: see features.radiomics and features.deep.
"""
