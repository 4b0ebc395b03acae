"""voxelwise: features of the surroundings of every voxel. One file per family of kernels; how they are called: maps.py."""
