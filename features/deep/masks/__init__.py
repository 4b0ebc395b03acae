"""Mask sources that run networks, one kind per file. Where files tell a ROI, it is one of features/images/masks/kinds."""
