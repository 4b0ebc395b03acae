"""Compared: which program, table or formula a kind gives the values of, and how far they may be apart in the test that says so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Compared:
    """What a kind was compared with.

    reference: the other program, with the public table, if it was one; "" of a kind whose laws alone are tested. within: the
    largest difference that the test lets pass, relative or absolute as it says there; "0" of equal values. test: the file, below
    tests/.
    """

    reference: str
    within: str
    test: str

    @classmethod
    def laws(cls, test: str) -> Compared:
        """Of a kind for which there is no other program, or none that agrees: what has to hold is tested."""
        return cls("", "", test)

    @property
    def words(self) -> str:
        """For a list.

        >>> Compared("PCA of scikit-learn", "1e-7", "test_select.py").words
        'PCA of scikit-learn: 1e-7'
        >>> Compared.laws("test_split.py").words
        'its laws'
        """
        return f"{self.reference}: {self.within}" if self.reference else "its laws"
