"""The tables of the mart that are the same for every cohort, and those of every study: their columns, as data."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from features.core.column import Column, Type
from features.core.storage.table import Schema

KEY = (
    Column("case", "string", "case id: cohort:patient:timepoint[:lesion]", role="key"),
    Column("cohort", "string", "cohort of the catalog", role="fact"),
    Column("centre", "string", "contributing centre", role="fact"),
    Column("patient", "string", "pseudonym of the patient", role="fact"),
    Column("timepoint", "string", "time point of the image", role="fact"),
    Column("lesion", "string", "lesion, where a patient has several", role="fact"),
)


IMAGE_BLOCKS = ("radiomics", "deep")  # a file for each recipe and cohort, named block/recipe/cohort


def _facts(**columns: str) -> tuple[Column, ...]:
    return tuple(Column(name, "string", description, role="fact") for name, description in columns.items())


SCANS = Schema(
    "scans",
    (
        KEY[0],
        Column("image", "string", "word of the image, its modality where the catalog gives none", role="key"),
        Column("roi", "string", "word of the ROI, `roi` where the catalog gives none", role="key"),
        *(replace(column, role="fact") for column in KEY[1:]),
        *_facts(modality="DICOM Modality", unit="unit of the intensities", image_format="format of the image files"),
        Column("image_files", "int64", "number of image files", role="fact"),
        *_facts(
            image_digest="sha-256 over the image files",
            mask_format="format of the mask files",
            mask_digest="sha-256 over the mask files",
            roi_pattern="name of the ROI in the mask as a pattern, or its labels",
            reader="whose mask it is, where there are several readers",
            drawn_on="the image that the mask was drawn on, where that is another one",
            segmentation="how the ROI was made: given, manual, semiautomatic, automatic, or none (the whole image)",
            segmented_by="what computed the ROI, and its settings as JSON; empty where it was read from files",
            state="used; absent: the patient has no such region; or the code of its first rejection",
            picture="address in work/ of the picture of the image with its ROIs",
        ),
    ),
)
SAMPLE = "sample"  # the column that holds the addresses of what networks are shown
SHOWN = Schema(
    "samples",
    (
        KEY[0],
        Column("image", "string", "word of the image, the first of those that are shown together", role="key"),
        Column("roi", "string", "word of the ROI", role="key"),
        Column("recipe", "string", "recipe that prepared the pixels", role="key"),
        Column("sampling", "string", "what is shown of the region", role="key"),
        Column("place", "int64", "which of the samplings of its recipe it is, from 0", role="key"),
        *(replace(column, role="fact") for column in KEY[1:]),
        *_facts(
            segmentation="how the ROI was made, as in scans",
            size="rows × columns, or slices × rows × columns",
            **{SAMPLE: "address of the pixels in work/samples"},
        ),
    ),
)  # of recipes for networks that learn; there where a cohort has one
_SAID = _facts(
    cohort="cohort of the catalog",
    centre="contributing centre",
    case="case id, as far as it is known",
    image="word of the image, or empty",
    roi="word of the ROI, or empty",
    segmentation="how the ROI was made, as in scans, or empty",
    modality="DICOM Modality, or empty",
    stage="step that says so: index, quality, extract or tables",
    code="reason code",
    severity="error: not used; warning: used all the same",
    message="what is wrong",
    details="facts, as JSON",
)
_REASON = (
    Column("run", "int64", "refresh in which the row first appeared", role="fact"),
    *_SAID,
    Column("files", "int64", "number of files that it is about", role="fact"),
    Column("bytes", "int64", "bytes of these files", role="fact"),
    *_facts(digests="first 12 digits of sha-256 of the files, by comma, as far as known"),
    Column("retryable", "bool", "tried again at every refresh, also if nothing changed", role="fact"),
    *_facts(result="address in work/ of the result that says so, or empty"),
)
QUARANTINE = Schema("quarantine", _REASON)
STABILITY = Schema(
    "stability",
    (
        Column("feature", "string", "column of the block radiomics or deep", role="key"),
        *(
            Column(f"{icc}{end}", "float64", f"{words}, {what}", role="fact")
            for icc, what in (("icc_2_1", "absolute agreement"), ("icc_3_1", "consistency"))
            for end, words in (
                ("", icc),
                ("_low", f"lower 95 % bound of {icc}"),
                ("_high", f"upper 95 % bound of {icc}"),
            )
        ),
        Column("n", "int64", "regions that were measured under every perturbation", role="fact"),
        Column("k", "int64", "measurements of each region", role="fact"),
    ),
)
WARNINGS = Schema("warnings", _REASON)
UNMATCHED = Schema(
    "unmatched",
    (
        Column("patient", "string", "pseudonym of the patient", role="key"),
        Column("absent_from", "string", "where the patient is missing: images, or a table of patients", role="key"),
        *_facts(
            cohort="cohort of the catalog", centre="contributing centre", present_in="where the patient is, by comma"
        ),
    ),
)
VISITS = Schema(
    "visits",
    (
        Column("patient", "string", "pseudonym of the patient", role="key"),
        Column("timepoint", "string", "time point of the visit", role="key"),
        *_facts(cohort="cohort of the catalog", centre="contributing centre, as far as it is known"),
        Column(
            "day", "float64", "day of the visit: the patient's own day, else the planned one", role="fact", unit="days"
        ),
        *_facts(
            source="what tells the day: table, dicom or planned; empty if nothing does",
            state="used, or VISIT_ORDER: it is out of order, and left out",
        ),
    ),
)
DICTIONARY = Schema(
    "dictionary",
    (
        Column("block", "string", "table of the mart", role="key"),
        Column("cohort", "string", "cohort of the catalog", role="key"),
        Column("name", "string", "column", role="key"),
        *_facts(
            type="type of the values",
            description="what the column means",
            role="key, fact, predictor or outcome",
            unit="unit of the values",
            family="feature family, network or kind of variable",
            filter="derived image, or view",
            ibsi="IBSI code, where IBSI defines the feature",
            modality="DICOM Modality",
            image="word of the image",
            recipe="recipe that prepared the pixels",
            roi="word of the region of interest",
            version="versions that computed it",
            levels="words that a text may be, in their declared order, as a JSON list; or empty",
        ),
    ),
)
FIXED = (SCANS, QUARANTINE, WARNINGS, UNMATCHED, VISITS, DICTIONARY)


def _of_study(name: str, columns: str) -> Schema:
    """A table of studies: names of columns, each with its type. What they mean is told where they are made: tasks/evaluation."""
    pairs = (column.split("/") for column in columns.split())
    return Schema(name, tuple(Column(one, cast(Type, kind), "", role="fact") for one, kind in pairs))


SCORE_TABLES = (
    _of_study(
        "predictions",
        "case/string cohort/string centre/string patient/string state/string risk/float64 probability/float64 incidence/float64 "
        "day/float64 value/float64 high_risk/bool event/bool time/float64 level/string seen_value/float64 evaluated/bool "
        "inputs/string",
    ),
    _of_study("probabilities", "case/string level/string probability/float64"),
)  # of what a saved model said of a cohort; its scores are as those of studies
CLAIMS = _of_study(
    "claims",
    "claim/string kind/string metric/string split/string cohort/string within/string first/string second/string value/float64 "
    "low/float64 high/float64 n/int64 verdict/string reason/string",
)
STUDY_TABLES = (
    _of_study(
        "scores",
        "split/string blocks/string model/string metric/string centre/string cohort/string value/float64 low/float64 high/float64 "
        "n/int64 events/int64 columns/int64 settings/int64 warnings/int64 reason/string "
        "within/string interval_of/string lowest/float64 highest/float64",
    ),
    _of_study(
        "shares",
        "split/string blocks/string model/string block/string share/float64 chosen/float64 folds/int64",
    ),
    _of_study(
        "predictions",
        "split/string repeat/int64 fold/string blocks/string model/string case/string cohort/string centre/string patient/string "
        "score/float64 high_risk/bool event/bool time/float64 level/string value/float64",
    ),
    _of_study(
        "probabilities",
        "split/string repeat/int64 fold/string blocks/string model/string case/string level/string probability/float64",
    ),
    _of_study(
        "selected",
        "split/string blocks/string model/string feature/string chosen/int64 folds/int64 mean_weight/float64",
    ),
    _of_study(
        "singles",
        "block/string column/string columns/int64 value/float64 n/int64 p/float64 out_of_fold/float64 chosen/int64 "
        "folds/int64",
    ),
    CLAIMS,
    _of_study(
        "controls",
        "control/string blocks/string model/string split/string metric/string within/string as_it_is/float64 under/string "
        "value/float64 p/float64 reason/string",
    ),
    _of_study(
        "risk_groups",
        "split/string blocks/string model/string cohort/string n_high/int64 events_high/int64 n_low/int64 events_low/int64 "
        "p/float64 reason/string",
    ),
    _of_study("fits", "split/string repeat/int64 fold/string blocks/string model/string result/string"),
    _of_study(
        "centre_told",
        "blocks/string model/string stage/string value/float64 chance/float64 n/int64 folds/int64 centres/int64 reason/string",
    ),
    _of_study(
        "comparisons",
        "split/string cohort/string metric/string within/string blocks/string model/string other_blocks/string other_model/string "
        "difference/float64 low/float64 high/float64 p/float64 p_corrected/float64 compared/int64 n/int64 test/string "
        "correction/string reason/string",
    ),
    _of_study(
        "horizon_scores",
        "split/string blocks/string model/string metric/string day/float64 cohort/string value/float64 low/float64 high/float64 "
        "n/int64 events/int64 followed/int64 reason/string interval_of/string lowest/float64 highest/float64",
    ),
    _of_study(
        "incidences",
        "split/string repeat/int64 fold/string blocks/string model/string case/string day/float64 incidence/float64",
    ),
    _of_study(
        "worth",
        "source/string block/string extractor/string family/string recipe/string image/string columns/int64 cohort/string "
        "regions/int64 measurements/int64 median_icc/float64 stable_share/float64 split/string model/string metric/string "
        "within/string value/float64 low/float64 high/float64 n/int64 events/int64 reason/string",
    ),
    _of_study(
        "signature_scores",
        "signature/string column/string cohort/string within/string metric/string value/float64 low/float64 high/float64 "
        "n/int64 events/int64 reason/string",
    ),
    _of_study("copies", "copies/int64 case/string alike/string joined/bool"),
    _of_study(
        "label_noise",
        "outcome/string cohort/string scored/int64 taught/int64 text/int64 positive/int64 compared/int64 kappa/float64 "
        "kappa_low/float64 kappa_high/float64 sensitivity/float64 sensitivity_low/float64 sensitivity_high/float64 "
        "specificity/float64 specificity_low/float64 specificity_high/float64 wrong/float64 wrong_low/float64 wrong_high/float64",
    ),
)
ASSOCIATION_TABLES = (  # of association studies
    _of_study(
        "associations",
        "variable/string effect/string block/string column/string value/float64 low/float64 high/float64 p/float64 "
        "p_corrected/float64 discovery/bool cases/int64 n/int64 patients/int64 events/int64 without_variable/int64 "
        "without_column/int64 without_adjusted/int64 sd/float64 centres/int64 i2/float64 i2_p/float64 reason/string",
    ),
    _of_study(
        "associations_by_centre",
        "variable/string effect/string column/string centre/string value/float64 low/float64 high/float64 p/float64 n/int64 "
        "reason/string",
    ),
    CLAIMS,
)
