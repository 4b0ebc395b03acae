"""The course of training: epochs over samples, with early stopping, and what is kept after each so that it can go on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from features.core.errors import MachineError
from features.core.progress import tell
from features.deep.device import Device, chosen_device, is_full, limit_gpu_memory, repeatable, told_if_gone
from features.deep.learning.augmentation import Augmentation
from features.deep.learning.headed import Headed
from features.deep.learning.losses import Loss
from features.deep.learning.reading import Rows, Views, ahead, chunks
from features.deep.on_device import most_views
from features.deep.running import threads

Arrays = dict[str, NDArray[Any]]
NOTHING = np.empty(0, np.float32)
FIRST = 512  # cases that pixels and features are measured on, at most


@dataclass(frozen=True)
class Course:
    """How a network learns. trains: head, last_stage or all. patience: epochs without a lower held-out loss until it stops; None:
    it never does. body_rate: by what the step of the body is multiplied. penalty: on half of the squares of the heads' weights,
    in the loss. precision: of steps; auto: bfloat16 on a GPU. what: learns, for messages. measures_pixels: whether mean and
    spread of pixels are those of the training cases; else the network has them.
    """

    trains: str
    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float
    penalty: float
    body_rate: float
    patience: int | None
    precision: str
    augment: Augmentation | None
    seed: int
    what: str = "network"
    measures_pixels: bool = True


@dataclass(eq=False)
class Reached:
    """How far it is. arrays: what training changed, the optimiser's state and the best network so far, by name."""

    epoch: int = 0
    best: int = 0
    lowest: float = math.inf
    lost: list[tuple[float, float]] = field(default_factory=list)
    arrays: Arrays = field(default_factory=dict)


Keep = Callable[[Reached], None]


def train(
    network: Headed,
    views: Views,
    columns: NDArray[np.float64],
    losses: Sequence[tuple[Loss, float]],
    learn: Rows,
    watch: Rows,
    course: Course,
    reached: Reached | None = None,
    keep: Keep | None = None,
) -> Reached:
    """Train a network in place; at the end it is as it was after the epoch with the lowest loss of the watched cases.

    columns: (n, p) of each case beside its views. losses: of each head, with what it counts; the first alone decides when to stop.
    learn, watch: positions of cases; without any to watch, the last epoch counts. reached: what was kept of an earlier call with
    the same arguments, which is gone on with to the bit. keep: is given what is reached after each epoch. Everything drawn follows
    the seed and the epoch. Raises ArithmeticError where the loss is not finite, MachineError where memory does not suffice.
    """

    def work(device: Device) -> Reached:
        return Training(network, views, columns, losses, learn, watch, course, device).run(reached, keep)

    return on_a_device(network, course, work)


def on_a_device(network: Headed, course: Course, work: Callable[[Device], Reached]) -> Reached:
    """What `work` does with a network, on the device where networks run. Raises MachineError where memory does not suffice."""
    device = chosen_device()
    try:
        with working(device), torch.random.fork_rng(), torch.enable_grad():
            network.to(device)
            return work(device)
    except RuntimeError as error:
        if not is_full(error):
            raise
        where = "the GPU" if device == "cuda" else "this machine"
        raise MachineError(
            f"{course.what}: the memory of {where} has no room for batches of {course.batch} cases: lower batch"
        ) from error
    finally:
        network.to("cpu")


def tell_cases(network: Headed, views: Views, columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the first head tells of all cases, (n, outputs), in single precision, on the device where networks run."""
    device = chosen_device()
    try:
        with working(device), torch.inference_mode():
            features = features_of(network.to(device), views, np.arange(len(views)), device)
            given = torch.from_numpy(np.ascontiguousarray(columns, np.float32))
            found = network.to("cpu").told(features, given)[0]
            return np.array(found.numpy(), np.float64)
    finally:
        network.to("cpu")


@contextmanager
def working(device: Device) -> Iterator[None]:
    """As many threads as the process may have, and the same numbers for the same bytes."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads())
    try:
        with told_if_gone(), repeatable():
            if device == "cuda":
                limit_gpu_memory()
            yield
    finally:
        torch.set_num_threads(before)


class Training:
    """One course on one device. Arguments are those of `train`, inside which it works."""

    def __init__(
        self,
        network: Headed,
        views: Views,
        columns: NDArray[np.float64],
        losses: Sequence[tuple[Loss, float]],
        learn: Rows,
        watch: Rows,
        course: Course,
        device: Device,
    ) -> None:
        self.network, self.views, self.losses, self.course, self.device = network, views, losses, course, device
        self.learn, self.watch = learn, watch
        self.columns = torch.from_numpy(np.ascontiguousarray(columns, np.float32)).to(device)
        self.most = most_views(device, views.shape[2:])
        self.frozen: torch.Tensor | None = None  # features of all cases, where nothing changes them

    def ready(self, reached: Reached | None) -> torch.optim.Optimizer:
        """The optimiser; the network starts, or is as it was when that was reached."""
        network, course = self.network, self.course
        torch.manual_seed(course.seed)
        network.free(course.trains, torch.from_numpy(self.views.unit(self.learn[:1])).to(self.device))
        if reached is None:
            self._measure()
        heads, body = list(network.heads.parameters()), [w for w in network.body.parameters() if w.requires_grad]
        groups = [{"params": heads, "lr": course.learning_rate, "own": 1.0}]
        if body:
            groups.append({"params": body, "lr": course.learning_rate, "own": course.body_rate})
        optimiser = torch.optim.AdamW(groups, weight_decay=course.weight_decay)
        if reached is not None:
            _put_back(network, optimiser, reached.arrays)
        if not network.learns_body and course.augment is None:
            self.frozen = self._features(np.arange(len(self.views)))
        return optimiser

    def run(self, reached: Reached | None, keep: Keep | None) -> Reached:
        """All epochs that are left."""
        network, course = self.network, self.course
        optimiser, now = self.ready(reached), Reached() if reached is None else reached
        while now.epoch < course.epochs and not (course.patience and now.epoch - now.best >= course.patience):
            rate = 0.5 * course.learning_rate * (1 + math.cos(math.pi * now.epoch / course.epochs))
            for group in optimiser.param_groups:
                group["lr"] = rate * group["own"]
            seen = self.epoch(optimiser, now.epoch)
            held = self._held_out() if len(self.watch) else seen
            now.epoch += 1
            if not (math.isfinite(seen) and math.isfinite(held)):
                raise ArithmeticError(
                    f"{course.what}: the loss is {seen if not math.isfinite(seen) else held} after epoch {now.epoch} of "
                    f"{course.epochs}; lower learning_rate ({course.learning_rate:g}), or scale what it is shown"
                )
            now.lost.append((seen, held))
            if not len(self.watch) or held < now.lowest:
                now.best, now.lowest = now.epoch, held
                best = {f"best/{name}": _array(one) for name, one in network.changing().items()}
                now.arrays = {**now.arrays, **best}
            if keep is not None:
                now.arrays = {**now.arrays, **_now(network, optimiser)}
                keep(now)
            beside = f", held out {held:.4f}" if len(self.watch) else ""
            tell(
                f"{course.what}: epoch {now.epoch} of {course.epochs}, loss {seen:.4f}{beside}",
                now.epoch,
                course.epochs,
            )
        _load(network, {name[5:]: one for name, one in now.arrays.items() if name.startswith("best/")})
        return now

    def epoch(self, optimiser: torch.optim.Optimizer, number: int) -> float:
        """One pass over the cases that teach, what is drawn by the seed and its number; the mean loss."""
        network, course = self.network, self.course
        rng = np.random.default_rng([course.seed, number])
        torch.manual_seed(int(rng.integers(2**62)))
        order = self.learn[spread_evenly(self.losses[0][0].strata[self.learn], rng)]
        parts = [part for part in chunks(order, course.batch) if self.losses[0][0].teaches(part)]
        drawn = [np.random.default_rng(one) for one in rng.integers(2**62, size=len(parts))]
        total, cases = torch.zeros((), device=self.device), sum(map(len, parts))
        network.set_learning()
        made = ahead(parts, self.views.unit) if self.frozen is None else ((part, NOTHING) for part in parts)
        for place, (part, given) in enumerate(made):
            total += self.step(optimiser, part, given, drawn[place]) * len(part)
        return float(total) / cases if cases else math.nan

    def step(
        self, optimiser: torch.optim.Optimizer, part: Rows, given: NDArray[np.float32], rng: np.random.Generator
    ) -> torch.Tensor:
        """One step on some cases, whose views in [0, 1] are given; the loss, still on the device."""
        network, course = self.network, self.course
        optimiser.zero_grad(set_to_none=True)
        with self._autocast():
            features = self._seen(part, given, rng)
        lost = self._lost(network.told(features, self.columns[part]), part)
        whole = lost
        if course.penalty:
            whole = lost + 0.5 * course.penalty * sum(head.weight.square().sum() for head in network.heads)
        whole.backward()
        optimiser.step()
        return lost.detach()

    def _seen(self, part: Rows, given: NDArray[np.float32], rng: np.random.Generator) -> torch.Tensor:
        if self.frozen is not None:
            return self.frozen[torch.from_numpy(part)].to(self.device)
        views = self.on_device(part, given)
        if self.course.augment is not None:
            views = self.course.augment.changed(views.flatten(0, 1), rng).reshape(views.shape)
        with torch.set_grad_enabled(self.network.learns_body):
            return self.network.features(views)

    def _lost(self, told: list[torch.Tensor], part: Rows) -> torch.Tensor:
        parts = [
            weight * loss.lost(torch, one.float(), part) for (loss, weight), one in zip(self.losses, told, strict=True)
        ]
        return torch.stack(parts).sum()

    def _held_out(self) -> float:
        """The loss of the first head of the watched cases, all at once: who is at risk is looked for among all of them."""
        features = self._features(self.watch) if self.frozen is None else self.frozen[torch.from_numpy(self.watch)]
        with torch.inference_mode():
            told = self.network.told(features.to(self.device), self.columns[self.watch])[0]
            return float(self.losses[0][0].lost(torch, told.double(), self.watch))

    def _features(self, rows: Rows) -> torch.Tensor:
        """(k, views, width) of cases as they are, on the processor's side."""
        return features_of(self.network, self.views, rows, self.device)

    def _measure(self) -> None:
        """Pixels and features of training cases as the network starts: what is near 0 and of spread 1 is learnt from best."""
        network, course = self.network, self.course
        some = np.random.default_rng(course.seed).permutation(self.learn)[:FIRST]
        if course.measures_pixels:
            sums, squares, count = 0.0, 0.0, 0
            for part in chunks(some, 64):
                pixels = self.views.unit(part).astype(np.float64)
                axes = tuple(axis for axis in range(pixels.ndim) if axis != 2)
                sums, squares = sums + pixels.sum(axis=axes), squares + (pixels**2).sum(axis=axes)
                count += pixels.size // pixels.shape[2]
            mean = np.asarray(sums / count)
            std = np.sqrt(np.maximum(np.asarray(squares / count) - mean**2, 1e-6))
            network.mean.copy_(torch.from_numpy(mean).to(network.mean))
            network.std.copy_(torch.from_numpy(std).to(network.std))
        network.measure(self._features(some).to(self.device))
        with torch.no_grad():
            for head, (loss, _) in zip(network.heads, self.losses, strict=True):
                head.bias.copy_(torch.from_numpy(loss.start(self.learn)).to(head.bias))

    def on_device(self, part: Rows, given: NDArray[np.float32]) -> torch.Tensor:  # noqa: ARG002
        """The views of some cases, as they are learnt from."""
        pixels = torch.from_numpy(given)
        return pixels.pin_memory().to(self.device, non_blocking=True) if self.device == "cuda" else pixels

    def _autocast(self) -> Any:
        half = self.course.precision == "bfloat16" or (self.course.precision == "auto" and self.device == "cuda")
        return torch.autocast(self.device, torch.bfloat16) if half else nullcontext()


def features_of(network: Headed, views: Views, rows: Rows, device: Device) -> torch.Tensor:
    """(k, views, width) of cases, in single precision, on the processor's side; so many at once as memory allows for."""
    network.eval()
    most = max(1, most_views(device, views.shape[2:]) // views.shape[0])
    found = []
    with torch.inference_mode():
        for _, given in ahead(chunks(rows, most), views.unit):
            found.append(network.features(torch.from_numpy(given).to(device)).float().cpu())
    return torch.cat(found).clone() if found else torch.zeros(0, views.shape[0], network.architecture.width)


def spread_evenly(strata: Rows, rng: np.random.Generator) -> Rows:
    """An order by chance in which every stretch holds about its share of each stratum. (n,) positions.

    >>> order = spread_evenly(np.array([0] * 8 + [1] * 2), np.random.default_rng(0))
    >>> (np.flatnonzero(order > 7) // 5).tolist()
    [0, 1]
    """
    place = np.empty(len(strata))
    for code in np.unique(strata):
        own = np.flatnonzero(strata == code)
        place[rng.permutation(own)] = (np.arange(len(own)) + rng.random()) / len(own)
    return np.lexsort((rng.random(len(strata)), place))


def _array(one: torch.Tensor) -> NDArray[Any]:
    return np.array(one.detach().cpu().contiguous().numpy())


def _now(network: Headed, optimiser: torch.optim.Optimizer) -> Arrays:
    """The network and the optimiser as they are."""
    found = {f"now/{name}": _array(one) for name, one in network.changing().items()}
    for place, state in optimiser.state_dict()["state"].items():
        found |= {f"step/{place}/{name}": _array(one) for name, one in state.items()}
    return found


def _put_back(network: Headed, optimiser: torch.optim.Optimizer, arrays: Arrays) -> None:
    _load(network, {name[4:]: one for name, one in arrays.items() if name.startswith("now/")})
    whole, state = optimiser.state_dict(), dict[int, dict[str, Any]]()
    for name, one in arrays.items():
        if name.startswith("step/"):
            _, place, what = name.split("/")
            state.setdefault(int(place), {})[what] = torch.from_numpy(np.array(one))
    optimiser.load_state_dict({**whole, "state": state})


def _load(network: Headed, arrays: Arrays) -> None:
    """Put arrays into a network by name. Raises ValueError where one is of another shape or unknown."""
    own = network.state_dict()
    with torch.no_grad():
        for name, one in arrays.items():
            if name not in own or tuple(own[name].shape) != one.shape:
                raise ValueError(f"the network has no {name} of shape {one.shape}")
            own[name].copy_(torch.from_numpy(np.array(one)))


put_arrays = _load
