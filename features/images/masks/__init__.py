"""From contours, segmentations and label maps to a mask on an image's grid."""
