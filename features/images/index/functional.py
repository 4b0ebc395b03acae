"""frame_values: attributes that an enhanced file tells of its frames, not of itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pydicom.dataset import Dataset

from features.images.dicom.dataset import quiet, text

ENHANCED = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.2.1",  # enhanced CT
        "1.2.840.10008.5.1.4.1.1.2.2",  # legacy converted enhanced CT
        "1.2.840.10008.5.1.4.1.1.4.1",  # enhanced MR
        "1.2.840.10008.5.1.4.1.1.4.4",  # legacy converted enhanced MR
        "1.2.840.10008.5.1.4.1.1.128.1",  # legacy converted enhanced PET
        "1.2.840.10008.5.1.4.1.1.130",  # enhanced PET
    }
)
GROUP_TAGS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "ContrastBolusAgentSequence")
_ALSO = {"EchoTime": "EffectiveEchoTime"}  # what enhanced files call it


def frame_values(dataset: Dataset, keywords: Collection[str]) -> dict[str, str]:
    """Keyword → its values in the functional groups of all frames, each once, joined by a slash; "" if there are none.

    A frame without diffusion weighting has the b-value 0; an agent of contrast is told by its meaning. What is damaged tells
    nothing.
    """
    found: dict[str, dict[str, None]] = {keyword: {} for keyword in keywords}
    try:
        with quiet():
            for item in _items(dataset):
                for keyword, values in found.items():
                    told = text(item, keyword) or text(item, _ALSO.get(keyword, keyword))
                    if not told and keyword == "DiffusionBValue" and text(item, "DiffusionDirectionality") == "NONE":
                        told = "0"
                    if told:
                        values[told] = None
            if "ContrastBolusAgent" in found:
                agents = dataset.get("ContrastBolusAgentSequence") or []
                found["ContrastBolusAgent"].update(dict.fromkeys(text(one, "CodeMeaning") or "agent" for one in agents))
    except Exception:  # a damaged sequence can raise anything
        return dict.fromkeys(keywords, "")
    return {keyword: "/".join(values) for keyword, values in found.items()}


def _items(dataset: Dataset) -> Iterator[Dataset]:
    """The items of all functional groups, the shared ones first."""
    for keyword in GROUP_TAGS[:2]:
        for groups in dataset.get(keyword) or []:
            for element in groups:
                if element.VR == "SQ":
                    yield from element.value[:1]
