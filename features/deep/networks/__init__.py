"""Networks that no package has, written from their publications. They import torch: architectures import them when they build."""
