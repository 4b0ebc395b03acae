"""Kinds: the registry that finds them by their files, and the base of each that several rooms know."""
