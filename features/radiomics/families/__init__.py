"""The families of handcrafted features, one file each, with their formulas in both dialects: named for pyradiomics' class, or
for IBSI's family where pyradiomics has none. What several share stands in `formulas`, what they count and measure on in
`voxels` and `geometry`."""
