"""The patient ids of a cohort, for what only ids can answer: which key explains a store, and a change of key."""

from features.clinical.read_clinical import clinical_ids
from features.clinical.read_visits import visit_ids
from features.core.catalog.catalog import Catalog
from features.genomic.read_genomic import genomic_ids
from features.images.index.index_cohort import find_image_ids
from features.ready.read_ready import ready_ids


def find_patient_ids(catalog: Catalog, cohort: str, key: bytes) -> set[str]:
    """All ids in the files and tables of a cohort, in the declared form; they must not be kept. Nothing is computed.

    Raises RadweaveError if the cohort or its folder is not there, or a table has a fault.
    """
    declared, root = catalog.cohort(cohort), catalog.root(cohort)
    of_tables = clinical_ids(root, declared) | genomic_ids(root, declared) | ready_ids(root, declared)
    of_tables |= visit_ids(root, declared)
    return find_image_ids(catalog, cohort, key) | of_tables
