"""The quarantine codes of ROIs that a program makes, and what each means."""

from __future__ import annotations

from features.core.reason import Reason

SEGMENTATION_REASONS: dict[str, Reason] = {
    "SEGMENTED": Reason(
        "warning: the ROI was made by a program, and no person drew it",
        "look at it (the picture of the scan); a study refuses such ROIs by segmentation: [given, manual]",
    ),
    "SEGMENTED_BOUND": Reason(
        "warning: a computed ROI reaches the edge of the region in which it was looked for",
        "look at it; it may be cut, or have run into its neighbours: use a larger or a narrower region, or another threshold",
    ),
    "SEGMENTATION_FAILED": Reason(
        "a ROI cannot be computed from the image",
        "draw it, or use another mask source for this case",
    ),
    "COMMAND_FAILED": Reason(
        "a command that makes masks ended with an error, took too long, or wrote no mask on the grid of the image",
        "run the command by hand on the image; correct its arguments, its time limit or its installation",
    ),
}
