"""Simulators: cohorts that are made up, with a planted truth, written as the files that sites would send.

Here belong the truth, the voxels and the writers of site formats. Readers belong to images, clinical and genomic: nothing
outside tests and commands that make example data may import this package, and no pipeline code may read the truth.
"""
