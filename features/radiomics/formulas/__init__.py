"""Formulas that several families share. A formula of one family stands in its file in `families`."""
