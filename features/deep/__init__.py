"""Deep features: what a network sees in a region. Architectures, weights cards, samplings, poolings, and how they are run."""
