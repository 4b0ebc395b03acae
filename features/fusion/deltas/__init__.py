"""Kinds of deltas: what is made of the values of a patient over her visits. How these are read is in the room above."""
