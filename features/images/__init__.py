"""Images: files become checked Volumes and Regions. Indexing, DICOM, NIfTI, RTSTRUCT, SEG, quality and preparation live here.

What is computed from a Region (features, network inputs) does not: see features.radiomics and features.deep.
"""
