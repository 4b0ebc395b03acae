"""The families of handcrafted features, one file each, named for pyradiomics' class. What they share stands one folder up."""
