"""Kinds of maps of what a network is shown, one file each: where the score of a case comes from."""
