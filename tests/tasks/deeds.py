"""What the tests have workers do: it has to stand in a module, so that other processes find it."""

import os
import signal
import time
from pathlib import Path

from features.core.errors import RadweaveError
from features.core.memory import claim_memory


def square(number: int) -> int:
    return number * number


def fail(number: int) -> int:
    raise RadweaveError(f"the disk is full at {number}")


def die_over_three(number: int, folder: Path, times: int = 99) -> int:
    """Each try leaves a file; the first `times` of number 3 end by kill -9."""
    tries = len(list(folder.glob(f"{number}-*")))
    (folder / f"{number}-{tries}").touch()
    if number == 3 and tries < times:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def hang_at_three(number: int, folder: Path) -> int:
    if number == 3:
        (folder / str(os.getpid())).touch()
        time.sleep(600)
    return number


def fill_memory_at_three(number: int) -> int:
    if number == 3:
        bytearray(4 * 2**30)
    return number


def claim_memory_at_three(number: int) -> int:
    if number == 3:
        claim_memory(2**40)
    return number


def process_ids(number: int) -> tuple[int, int]:
    """This process and its parent; work takes long enough for every worker to get some."""
    time.sleep(0.05)
    return os.getpid(), os.getppid()


def leave_parent_id(numbers: list[int], folder: Path) -> list[int]:
    for number in numbers:
        (folder / f"{number}-{os.getppid()}-{len(numbers)}").touch()
    return list(numbers)


def leave_device(numbers: list[int], folder: Path) -> list[int]:
    """Of a batch: the process and the GPUs that it may see; it takes long enough for every device to get some."""
    time.sleep(0.5)
    (folder / f"{numbers[0]}-{os.getpid()}-{os.environ.get('CUDA_VISIBLE_DEVICES')}").touch()
    return list(numbers)


def leave_traces(number: int, folder: Path) -> None:
    (folder / str(os.getpid())).touch()
    time.sleep(0.1)


def threads_of_libraries(number: int) -> set[int]:
    import numpy  # noqa: F401
    import torch
    from threadpoolctl import threadpool_info

    return {pool["num_threads"] for pool in threadpool_info()} | {torch.get_num_threads()}


class Stubborn(Exception):
    """Its pickle cannot be read: pickle calls the class with the message alone."""

    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


def fail_with_what_does_not_pickle(number: int) -> int:
    raise Stubborn(1, 2)
