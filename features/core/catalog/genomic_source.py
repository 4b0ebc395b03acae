"""Genomic sources: the forms of genomic tables, and the names that their columns have in the genomic block.

Expression keeps the names of genes. Every other form has a suffix of its own, and what is known at another time point
than baseline ends with `__at_` and that time point: so a name tells what a column is and when it is known. Names of
genes hold no `__`.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from features.core.catalog.table_source import NUMBERED, TableSource, TextSource
from features.core.frozen import Frozen

BASELINE = "baseline"
BURDEN = "mutation_burden"
PER_MB = "__per_mb"
SCORE = "__ssgsea"
JOINT = "__"
_AT = f"{JOINT}at_"
NON_SILENT = (  # classes of the MAF format that change the protein
    "Frame_Shift_Del",
    "Frame_Shift_Ins",
    "In_Frame_Del",
    "In_Frame_Ins",
    "Missense_Mutation",
    "Nonsense_Mutation",
    "Nonstop_Mutation",
    "Splice_Site",
    "Translation_Start_Site",
)
OTHER_CLASSES = (
    "3'Flank",
    "3'UTR",
    "5'Flank",
    "5'UTR",
    "IGR",
    "Intron",
    "RNA",
    "Silent",
    "Splice_Region",
    "Targeted_Region",
)


class Pathways(Frozen):
    """Gene sets that are scored sample by sample on the genes of one expression table."""

    gmt: str = Field(description="file of gene sets below the root of the cohort")
    method: Literal["ssgsea"] = Field("ssgsea", description="how sets are scored")
    minimum_genes: PositiveInt = Field(10, description="members that have to be measured; sets with fewer get no score")
    maximum_genes: PositiveInt = Field(2000, description="members at most; larger sets get no score")
    keep_genes: bool = Field(True, description="whether the genes stay in the block beside the scores")


class GenomicTable(TableSource):
    """What all forms of genomic tables share."""

    block: Literal["genomic"] = Field(description="a table of genomic values")
    form: str = Field(description="what the values are")
    known_at: str = Field(BASELINE, description="time point at which the values are known")
    known_at_columns: dict[str, str] = Field(
        {}, description="shell pattern of genes → time point, where it is another one; the first that fits counts"
    )
    leak_checked: tuple[str, ...] = Field((), description="columns that a person has checked for leaks")

    @property
    @abstractmethod
    def suffix(self) -> str:
        """What stands behind a gene in the names of this form's columns."""

    @property
    @abstractmethod
    def meaning(self) -> tuple[str, ...]:
        """What has to be the same in all tables whose columns have the same names."""

    @abstractmethod
    def holds(self, name: str, suffix: str) -> bool:
        """Whether the table can have a column of this gene (or gene set) and suffix."""

    def column(self, gene: str, suffix: str | None = None) -> str:
        """Name of a gene's column in the genomic block."""
        when = next((at for pattern, at in self.known_at_columns.items() if fnmatchcase(gene, pattern)), self.known_at)
        return gene + (self.suffix if suffix is None else suffix) + (f"{_AT}{when}" if when != BASELINE else "")

    def explains(self, column: str) -> bool:
        """Whether a column of the genomic block can come from this table as it is declared now."""
        for stem in {column, column.rpartition(_AT)[0]}:
            for suffix in (self.suffix, SCORE, PER_MB):
                gene = stem.removesuffix(suffix)
                if gene + suffix == stem and self.holds(gene, suffix) and self.column(gene, suffix) == column:
                    return True
        return False


class MatrixTable(GenomicTable):
    """A number for each patient and gene.

    rows: patients (one column per gene), genes (one column per patient; `id` is the column of the genes), or pairs of
    both (the columns `gene` and `value`).
    """

    rows: Literal["patients", "genes", "pairs"] = Field(
        "patients", description="what a row is: a patient, a gene, or a pair of both"
    )
    genes: str = Field("*", description="shell pattern of the genes that are taken")
    patients: str = Field("*", description="shell pattern of the columns that are patients, with `rows: genes`")
    gene: str = Field("", description="column of the gene, with `rows: pairs`")
    value: str = Field("", description="column of the value, with `rows: pairs`")

    @model_validator(mode="after")
    def check_rows(self) -> MatrixTable:
        if (self.rows == "pairs") != bool(self.gene and self.value) or (
            self.rows != "pairs" and self.gene + self.value
        ):
            raise ValueError("gene and value name the columns of a table with rows: pairs, and of it alone")
        if self.patients != "*" and self.rows != "genes":
            raise ValueError("patients is a pattern for the columns of a table with rows: genes")
        if self.rows == "genes" and (self.own - {self.id} or self.id == NUMBERED):
            raise ValueError("a table with rows: genes has no columns of the centre, the split or numbers of patients")
        return self

    def holds(self, name: str, suffix: str) -> bool:
        return suffix == self.suffix and JOINT not in name and fnmatchcase(name, self.genes)


class ExpressionTable(MatrixTable):
    """Expression values."""

    form: Literal["expression"] = Field("expression", description="expression values")
    unit: str = Field(description="unit of the values, such as log2 expression")
    scale: Literal["log2", "counts", "tpm", "fpkm", "zscore"] | None = Field(
        None, description="what the values are said to be, which is checked"
    )
    pathways: Pathways | None = Field(None, description="gene sets that are scored from the genes")

    @property
    def suffix(self) -> str:
        return ""

    @property
    def meaning(self) -> tuple[str, ...]:
        return self.unit, self.scale or ""

    def holds(self, name: str, suffix: str) -> bool:
        if suffix == SCORE:
            return self.pathways is not None
        keeps_genes = self.pathways is None or self.pathways.keep_genes
        return keeps_genes and super().holds(name, suffix)


class CopyNumberTable(MatrixTable):
    """Copy number of genes."""

    form: Literal["copy_number"] = Field(description="copy number of genes")
    coding: Literal["log2", "gistic"] = Field(description="log2 ratio to two copies, or the calls -2 to 2 of GISTIC")

    @property
    def suffix(self) -> str:
        return "__cn"

    @property
    def meaning(self) -> tuple[str, ...]:
        return (self.coding,)


class MethylationTable(MatrixTable):
    """Methylation of probes or genes."""

    form: Literal["methylation"] = Field(description="methylation of probes or genes")
    scale: Literal["beta", "m_value"] = Field("beta", description="beta (0 to 1) or M value")
    level: Literal["probe", "gene"] = Field("probe", description="whether rows are probes or genes")

    @property
    def suffix(self) -> str:
        return "__beta" if self.scale == "beta" else "__mvalue"

    @property
    def meaning(self) -> tuple[str, ...]:
        return self.scale, self.level


class MutationTable(GenomicTable):
    """Mutations, one row each (MAF): the status of the genes named, and the burden if the panel's size is declared.

    Classes that are neither counted nor ignored are faults.
    """

    form: Literal["mutations"] = Field(description="mutations, one row each (MAF)")
    separator: str = Field("\t", min_length=1, max_length=1, description="character between cells")
    comment: str = Field("#", description="lines above the header that begin with this are left out")
    id: str = Field("Tumor_Sample_Barcode", description="column of the patient or sample id")
    gene: str = Field("Hugo_Symbol", description="column of the gene")
    classification: str = Field("Variant_Classification", description="column of the class of a mutation")
    genes: tuple[str, ...] = Field(
        min_length=1, description="genes that were looked at in every patient; no row means not mutated"
    )
    sequenced: TextSource | None = Field(
        None,
        description="a table with a row for every patient that was sequenced; without it, patients without any row are unknown",
    )
    panel_mb: PositiveFloat | None = Field(
        None, description="size of the panel in megabases; with it, the mutation burden is computed"
    )
    counted: tuple[str, ...] = Field(
        NON_SILENT, description="classes that make a gene mutated and count for the burden"
    )
    ignored: tuple[str, ...] = Field(OTHER_CLASSES, description="classes that do not; others are faults")

    @model_validator(mode="after")
    def check_classes(self) -> MutationTable:
        joined = [gene for gene in self.genes if JOINT in gene]
        if joined:
            raise ValueError(f'names of genes hold no "{JOINT}"; found "{joined[0]}"')
        both = sorted(set(self.counted) & set(self.ignored))
        if both:
            raise ValueError(f'the class "{both[0]}" cannot be both counted and ignored')
        return self

    @property
    def suffix(self) -> str:
        return "__mutated"

    @property
    def meaning(self) -> tuple[str, ...]:
        return self.counted

    def holds(self, name: str, suffix: str) -> bool:
        if suffix == PER_MB:
            return name == BURDEN and self.panel_mb is not None
        return suffix == self.suffix and name in self.genes


AnyGenomicTable = Annotated[
    ExpressionTable | CopyNumberTable | MethylationTable | MutationTable, Field(discriminator="form")
]


def named_form(table: Any) -> Any:
    """The settings of a table as read from a file; genomic tables that name no form hold expression."""
    is_genomic = isinstance(table, dict) and table.get("block") == "genomic"
    return {"form": "expression", **table} if is_genomic else table


def known_when(column: str, timepoints: Mapping[str, int]) -> str:
    """Time point at which a column of the genomic block is known, by its name.

    >>> known_when("TP53__cn__at_week4", {"baseline": 0, "week4": 28})
    'week4'
    """
    tail = column.rpartition(_AT)[2]
    return tail if _AT in column and tail in timepoints else BASELINE
