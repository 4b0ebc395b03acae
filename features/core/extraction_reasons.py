"""The quarantine codes of preparation, filters and samplings, and what each means."""

from __future__ import annotations

from features.core.reason import Reason

EXTRACTION_REASONS: dict[str, Reason] = {
    "RESEGMENTED_EMPTY": Reason("re-segmentation leaves too few voxels", "check the recipe's range against the image"),
    "RESEGMENTED_MOST": Reason(
        "warning: re-segmentation left out more than half of the ROI's voxels",
        "check the recipe's range against the image; features are of what is left",
    ),
    "FILTER_SIZE": Reason("the image is too small for a filter", "leave the filter out, or use a smaller sigma"),
    "VARIANT_EMPTY": Reason(
        "the recipe's variant of the ROI has too few voxels", "use a smaller margin, or a wider shell"
    ),
    "TOO_MANY_BINS": Reason("discretisation gives too many grey levels", "use a larger bin width"),
    "PATCH_CUT": Reason(
        "warning: a ROI is larger than the patch that a network is shown, which holds its middle",
        "mind it where sizes count; sliding shows the network all of a ROI",
    ),
    "NETWORK_NAN": Reason(
        "a network gives NaN or infinity for what it is shown",
        "get its weights again; if all cases have it, they are damaged or of another network",
    ),
    "SAMPLE_FLAT": Reason(
        "an image of one slice has no depth that a network could be shown",
        "choose samplings of slices as acquired, such as largest, for such images",
    ),
}
