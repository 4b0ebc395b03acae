"""Networks that draw contours: what they are shown comes back to its place, they learn, and go on where they were ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from features.core.errors import DataError, WeightsError
from features.core.quarantine import Rejected
from features.core.region import Volume

torch = pytest.importorskip("torch", reason="needs torch")
pytest.importorskip("monai", reason="needs MONAI")

from features.deep.contouring import train  # noqa: E402
from features.deep.contouring.draw import draw, probabilities  # noqa: E402
from features.deep.contouring.picture import contour_of, mask_of, picture_of  # noqa: E402
from features.deep.contouring.settings import Contouring  # noqa: E402
from features.deep.contouring.train import draw_patch, train_unet  # noqa: E402
from features.deep.contouring.unet import About, build_unet, load_network, save_network  # noqa: E402
from features.images.masks.agreement import agree  # noqa: E402

SMALL: dict[str, Any] = {"size": 16, "width": 4, "patches": 2, "learning_rate": 0.01}


def ball(
    shape: tuple[int, int, int], spacing: tuple[float, float, float], at: tuple[float, ...], radius: float
) -> NDArray[np.bool_]:
    place = np.indices(shape) * np.array(spacing[::-1]).reshape(3, 1, 1, 1)
    return np.asarray(np.sqrt(((place - np.array(at).reshape(3, 1, 1, 1)) ** 2).sum(axis=0)) <= radius)


def patient(number: int) -> tuple[Volume, NDArray[np.bool_]]:
    """A ball of 3 that is to be drawn, off the middle, a cube as bright beside it, and noise."""
    rng = np.random.default_rng(number)
    shape, spacing = (20, 22, 24), (3.0, 3.0, 3.0)
    mask = ball(shape, spacing, tuple(rng.uniform(18, 40, 3)), 12.0)
    values = rng.normal(1.0, 0.2, shape) + 2.0 * mask
    return Volume(values.astype(np.float32), spacing, (5.0, -3.0, 7.0)), mask


def cases(settings: Contouring, numbers: range) -> list[train.Case]:
    made = []
    for number in numbers:
        image, mask = patient(number)
        shown = picture_of(image, settings).pixels, mask_of(mask, image, settings)
        made.append(lambda shown=shown: shown)
    return made


@pytest.mark.parametrize("spacing", [(1.5, 1.5, 4.0), (3.0, 3.0, 3.0), (2.2, 2.2, 2.2)])
def test_a_mask_comes_back_to_its_place_from_the_grid_that_the_network_sees(
    spacing: tuple[float, float, float],
) -> None:
    shape = (int(80 / spacing[2]), int(90 / spacing[1]), int(100 / spacing[0]))
    mask = ball(shape, spacing, (30.0, 52.0, 44.0), 16.0)
    image = Volume(mask.astype(np.float32), spacing)
    settings = Contouring(spacing_mm=3.0)
    picture = picture_of(image, settings)
    assert picture.pixels.shape == mask_of(mask, image, settings).shape
    back = contour_of(mask_of(mask, image, settings).astype(np.float32), picture, image, settings)
    assert agree(back, mask, spacing).dice > 0.93
    assert agree(back, mask, spacing).surface_mm < 0.6


def test_a_patch_holds_the_roi_and_images_may_be_smaller_than_it() -> None:
    pixels, mask = np.full((6, 30, 9), 65535, np.uint16), np.zeros((6, 30, 9), np.bool_)
    mask[2, 28, 8] = True
    rng = np.random.default_rng(0)
    for _ in range(20):
        shown, wanted = draw_patch(pixels, mask, 16, rng, on_roi=True)
        assert shown.shape == wanted.shape == (16, 16, 16)
        assert wanted.sum() == 1
        assert 0.9 <= shown.max() <= 1.1
        assert np.count_nonzero(shown) == 6 * 16 * 9
    assert draw_patch(pixels, np.zeros_like(mask), 16, rng, on_roi=True)[1].sum() == 0


def test_images_without_anything_to_see_are_rejected_and_what_is_no_number_is_dark() -> None:
    settings = Contouring()
    for values in (np.full((4, 4, 4), 7.0), np.full((4, 4, 4), np.nan)):
        with pytest.raises(Rejected) as caught:
            picture_of(Volume(values, (3.0, 3.0, 3.0)), settings)
        assert caught.value.code == "SEGMENTATION_FAILED"
    values = np.arange(64.0).reshape(4, 4, 4)
    values[3, 3, 3] = np.nan
    assert picture_of(Volume(values, (3.0, 3.0, 3.0)), settings).pixels[3, 3, 3] == 0
    with pytest.raises(ValidationError, match="window goes from low to high"):
        Contouring(window=(400, -1000))


def test_every_voxel_is_seen_whatever_the_size_of_the_image() -> None:
    settings = Contouring(**SMALL)

    class Same(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return (x - 0.5) * 10

    for shape in ((3, 20, 41), (16, 16, 16), (17, 33, 8)):
        picture = picture_of(Volume(np.random.default_rng(1).random(shape), (3.0, 3.0, 3.0)), settings)
        found = probabilities(Same(), picture, settings)
        assert np.allclose(found, 1 / (1 + np.exp(-10 * (picture.pixels / 65535 - 0.5))), atol=1e-4)


def test_training_goes_on_after_the_last_epoch_as_if_it_had_never_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Contouring(**SMALL, epochs=3)
    own = cases(settings, range(2))
    whole = train_unet(own, settings, kept=None, decided_by="x", what="test")
    original, ran = train._one_epoch, []

    def killed(*args: Any) -> float:
        ran.append(args[5])
        if len(ran) == 3:
            raise KeyboardInterrupt
        return original(*args)

    monkeypatch.setattr(train, "_one_epoch", killed)
    kept = tmp_path / "state.pt"
    with pytest.raises(KeyboardInterrupt):
        train_unet(own, settings, kept=kept, decided_by="x", what="test")
    again = train_unet(own, settings, kept=kept, decided_by="x", what="test")
    assert ran == [0, 1, 2, 2]
    assert all(
        torch.equal(one, other)
        for one, other in zip(whole.state_dict().values(), again.state_dict().values(), strict=True)
    )
    ran.clear()
    train_unet(own, settings, kept=kept, decided_by="x", what="test")
    assert ran == [], "all is done"
    state = torch.load(kept, weights_only=True)
    torch.save({**state, "course": "no course"}, kept)  # the network is whole, and what drives it is not
    monkeypatch.setattr(train, "_one_epoch", original)
    anew = train_unet(own, settings, kept=kept, decided_by="x", what="test").state_dict()
    assert all(torch.equal(one, anew[name]) for name, one in whole.state_dict().items())
    kept.write_bytes(kept.read_bytes()[:200])
    monkeypatch.setattr(train, "_one_epoch", lambda *args: float("nan"))
    with pytest.raises(DataError, match="the loss is no number after epoch 1; lower learning_rate"):
        train_unet(own, settings, kept=kept, decided_by="x", what="test")


def test_a_file_that_is_no_network_of_ours_or_another_one_is_refused(tmp_path: Path) -> None:
    settings = Contouring(**SMALL)
    path = tmp_path / "network.safetensors"
    with pytest.raises(WeightsError, match="there is no network at"):
        load_network(path)
    sha256 = save_network(path, build_unet(settings), settings, About("PT", "SUV", "PT", "tumour"))
    network, found, about = load_network(path, sha256)
    assert (found, about.roi) == (settings, "tumour")
    assert not network.training
    with pytest.raises(WeightsError, match=f"has the sha256 {sha256}, and 000"):
        load_network(path, "0" * 64)
    for data in (path.read_bytes()[:-40], b"nothing at all", b""):
        path.write_bytes(data)
        with pytest.raises(WeightsError, match="is no network of radweave contour, or is damaged"):
            load_network(path)


@pytest.mark.slow
def test_it_learns_to_draw_balls_that_it_has_not_seen(tmp_path: Path) -> None:
    settings = Contouring(**{**SMALL, "patches": 4}, epochs=25, window=(0, 4))
    network = train_unet(cases(settings, range(6)), settings, kept=None, decided_by="x", what="test")
    dice = []
    for number in range(100, 104):
        image, mask = patient(number)
        dice.append(agree(draw(network, image, settings), mask, image.spacing_mm).dice)
    untrained = draw(build_unet(settings).eval(), image, settings)
    assert min(dice) > 0.8, dice
    assert agree(untrained, mask, image.spacing_mm).dice < 0.3
