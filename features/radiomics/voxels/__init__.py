"""Voxels of a ROI, their grey levels, and how often which of them lie next to which: arrays in, counts out.

Half of the ground that all families stand on. Nothing here knows a feature, or how pyradiomics or IBSI name one.
"""
