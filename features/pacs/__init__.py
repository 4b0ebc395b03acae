"""What comes from a PACS and what goes back, over DICOMweb. Not how DICOM files are read, nor what a case is."""
