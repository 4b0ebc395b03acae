"""Geometry of a mask and of points: meshes, hulls, boxes, ellipsoids, principal axes.

Half of the ground that all families stand on. Nothing here knows a feature, or how pyradiomics or IBSI name one.
"""
