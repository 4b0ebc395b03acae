"""IBSI mode: the features of the IBSI-1 reference manual (Zwanenburg et al., arXiv:1612.07003), one family per file."""
