"""Deep features: what a pretrained network sees in a region. Backbones, their weights, and how a region is sampled."""
