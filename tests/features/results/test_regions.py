"""long_regions: a row for each case, image and ROI, with facts under their plain names."""

from __future__ import annotations

import pyarrow as pa

from features.results.regions import long_regions


def described(name: str, image: str, roi: str, modality: str = "MR", block: str = "region") -> dict[str, str]:
    return {"block": block, "name": name, "image": image, "roi": roi, "modality": modality}


def rows_of(*, key: str, **values: str | float | None) -> dict[str, str | float | None]:
    patient = key
    facts = {"cohort": "c", "centre": "A", "patient": patient, "timepoint": "baseline", "lesion": ""}
    return {"case": f"c:{patient}:baseline", **facts, **values}


TUMOUR, OEDEMA, CT = "region__t1c__tumour__", "region__t1c__oedema__", "region__ct__"
DICTIONARY = [
    *(
        described(f"{TUMOUR}{name}", "t1c", "tumour")
        for name in ("registration__result", "result", "volume_ml", "model")
    ),
    *(described(f"{OEDEMA}{name}", "t1c", "oedema") for name in ("result", "volume_ml")),
    *(described(f"{CT}{name}", "CT", "roi", "CT") for name in ("result", "volume_ml")),
    described("case", "", "", ""),
    described("radweave__ct__mean", "CT", "roi", "CT", "radiomics"),
]


def test_a_case_has_a_row_for_each_region_that_it_has() -> None:
    wide = pa.Table.from_pylist(
        [
            rows_of(
                key="p2",
                **{f"{TUMOUR}registration__result": "r", f"{TUMOUR}result": "a"},
                **{f"{TUMOUR}volume_ml": 2.0, f"{TUMOUR}model": "M"},
                **{f"{OEDEMA}result": "b", f"{OEDEMA}volume_ml": 9.0, f"{CT}result": "d", f"{CT}volume_ml": 5.0},
            ),
            rows_of(key="p1", **{f"{TUMOUR}result": "c", f"{TUMOUR}volume_ml": 1.0, f"{TUMOUR}model": None}),
        ]
    )
    found = long_regions(wide, DICTIONARY)
    names = ("patient", "image", "roi", "modality", "volume_ml", "model", "result")
    assert list(zip(*(found[name].to_pylist() for name in names), strict=True)) == [
        ("p1", "t1c", "tumour", "MR", 1.0, None, "c"),
        ("p2", "CT", "roi", "CT", 5.0, None, "d"),
        ("p2", "t1c", "oedema", "MR", 9.0, None, "b"),
        ("p2", "t1c", "tumour", "MR", 2.0, "M", "a"),
    ]


def test_without_images_there_is_no_row_but_the_columns_are_there() -> None:
    found = long_regions(pa.Table.from_pylist([rows_of(key="p1")]).slice(0, 0), DICTIONARY)
    assert found.num_rows == 0
    assert {"case", "patient", "image", "roi", "modality", "result"} <= set(found.schema.names)
