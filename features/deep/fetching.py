"""Fetching: weights are downloaded, from where their card says, when a user asks for it and never else."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from features.core.errors import MachineError, NetworkError
from features.deep.card import Card, Hub
from features.deep.checkpoint import check_digest
from features.deep.finding import placing, ways_to_get, weight_folders
from features.deep.needed import check_installed

BLOCK = 1 << 20  # bytes that are read at a time
PATIENCE = 60  # seconds without an answer


def fetch(card: Card) -> Path:
    """Download the checkpoint of a card and check it. A hub's goes into the hub's own cache, others into the user's folder.

    Raises MachineError if the card names no place that can be asked, NetworkError if the place does not answer, WeightsError
    if the file is not the published one.
    """
    weights = card.weights
    if weights.hub is not None:
        path = _from_hub(weights.hub, placing(weights))
        check_digest(path, weights)
        return path
    if weights.address:
        return _from_address(card)
    raise MachineError(f"the weights of {card.title} are not where they can be fetched. {ways_to_get(weights)}")


def source_of(card: Card) -> str:
    """What is fetched, and from where; empty if a user must get it."""
    hub = card.weights.hub
    return f"{hub.file} of https://huggingface.co/{hub.repository}" if hub is not None else card.weights.address


def _from_hub(hub: Hub, by_hand: str) -> Path:
    """by_hand: the sentence on how a file is placed."""
    check_installed("huggingface_hub")
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError

    try:
        return Path(hf_hub_download(hub.repository, hub.file))
    except GatedRepoError as error:
        raise NetworkError(
            f"{hub.repository} is given on terms: accept them at https://huggingface.co/{hub.repository} with your own account, "
            f"then hf auth login. {by_hand}"
        ) from error
    except (LocalEntryNotFoundError, ConnectionError) as error:
        raise NetworkError(
            f"{hub.file} of {hub.repository} could not be fetched: the hub does not answer. {by_hand}"
        ) from error
    except (OSError, HfHubHTTPError, ValueError) as error:
        raise NetworkError(
            f"{hub.file} of {hub.repository} could not be fetched: {type(error).__name__}. {by_hand}"
        ) from error


def _from_address(card: Card) -> Path:
    weights, folder = card.weights, weight_folders()[-1]
    folder.mkdir(parents=True, exist_ok=True)
    wanted, partial = folder / weights.file, folder / f".{weights.file}.{os.getpid()}.part"
    try:
        with urlopen(weights.address, timeout=PATIENCE) as answer, partial.open("wb") as file:
            while block := answer.read(BLOCK):
                file.write(block)
        check_digest(partial, weights)
        partial.replace(wanted)
    except (URLError, TimeoutError, ConnectionError) as error:
        why = getattr(error, "reason", error)
        raise NetworkError(f"{weights.address} could not be fetched: {why}. {placing(weights)}") from error
    finally:
        partial.unlink(missing_ok=True)
    return wanted
