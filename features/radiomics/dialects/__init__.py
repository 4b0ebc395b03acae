"""What pyradiomics and IBSI each say: names and codes of features, settings, grey levels of a ROI, aggregations.

No formula of a feature: those stand in `families`, which read this folder.
"""
