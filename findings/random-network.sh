#!/usr/bin/env bash
# One would guess: features of a network whose weights are random are at worst a random projection of the image. Programs that
# fall back to random weights give "something", and a study with such features as a control compares with it.
#
# What happens: a network that was never trained normalises nothing while it is evaluated, for its running means and variances are
# 0 and 1, so what its package draws decides what arrives at the end. As timm draws them, a good part of the 1,536 features of
# Inception-ResNet v2 is the same number for every image, and numbers of Inception v3 pass 1e9: a selection by variance drops the
# one, a scaler drowns in the other. Drawn by He's rule, without offsets, both give numbers of common size that tell images apart.
#
# Versions: timm 1.0.31, torch 2.13.0, torchvision 0.28.0. Seen on 2026-12-01.
# Source: He et al., ICCV 2015 (10.1109/ICCV.2015.123).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet torch==2.13.0 torchvision==0.28.0 timm==1.0.31
cat > random_network.py <<'PYTHON'
import torch
from torch import nn

try:
    import torchvision  # noqa: F401
except RuntimeError:  # built for CUDA, beside a torch for processors
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import timm

torch.manual_seed(0)
images = nn.functional.interpolate(torch.rand(6, 3, 7, 7), size=(224, 224), mode="bicubic") * 4 - 2


def told(network):
    with torch.inference_mode():
        features = network.eval().forward_features(images).mean((2, 3))
    return float((features.std(0) == 0).float().mean()), float(features.abs().max())


found = {}
for name in ("inception_resnet_v2", "inception_v3"):
    torch.manual_seed(7)
    network = timm.create_model(name, pretrained=False)
    found[name, "timm"] = told(network)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    found[name, "He"] = told(network)
for (name, drawn), (same, largest) in found.items():
    print(f"{name} drawn by {drawn}: {same:.0%} of the features are the same for six images, the largest is {largest:.2g}")
assert found["inception_resnet_v2", "timm"][0] > 0.4 and found["inception_v3", "timm"][1] > 1e9, "changed"
assert all(same < 0.3 and largest < 1e3 for (_, drawn), (same, largest) in found.items() if drawn == "He"), "changed"
print("as described")
PYTHON
env/bin/python random_network.py
