"""backbones: networks that can measure regions: their weights, what they take, what they may be used for, where they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.core.errors import RadweaveError
from flows.commands.listing import Form, print_rows

if TYPE_CHECKING:
    from features.deep.architecture import Architecture
    from features.deep.card import Card

FLOAT32 = 4  # bytes a parameter
NOT_HERE = "not here"
NO_DIGEST = "none was published whole; that of the file here decides the addresses of results"
SHOWN = (
    "card",
    "input",
    "features",
    "size",
    "licence",
    "permitted use",
    "weights",
)  # of a table; JSON and CSV have all
SPARE = {"cards": ("licence", "size"), "architectures": ("published by", "cards", "parameters")}  # on a narrow screen


def backbones(
    name: Annotated[
        str, typer.Argument(help="A weights card, or the path of its YAML file: all that is known of it.")
    ] = "",
    architectures: Annotated[
        bool, typer.Option("--architectures", help="List the networks themselves, with the cards that each has.")
    ] = False,
    fetch: Annotated[
        bool, typer.Option("--fetch", help="Download its weights. Nothing is ever downloaded unless you say so.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --fetch: do not ask.")] = False,
    form: Form = "table",
) -> None:
    """List pretrained networks: input, features, licence, permitted use, and where the weights of each were found.

    The name of a card is an extractor of a recipe. `radweave backbones NAME` shows its contract.
    """
    if fetch and not name:
        raise RadweaveError("--fetch: name the card whose weights are wanted; radweave backbones lists them")
    if name and architectures:
        raise RadweaveError("--architectures: lists all of them; leave the name out")
    if fetch:
        _fetch(name, yes)
    elif name:
        print_rows(_facts(name, _card(name)), form, name)
    elif architectures:
        rows = _architectures()
        title = f"{len(rows)} networks, which a recipe may also name with weights: random and a seed"
        print_rows(rows, form, title, SPARE["architectures"])
    else:
        cards = rows = _cards()
        if form == "table":
            rows = [{name: {**row, "weights": _how(row["where"])}[name] for name in SHOWN} for row in rows]
        here = sum(not row["where"].startswith(NOT_HERE) for row in cards)
        title = f"{len(rows)} weights cards, weights of {here} are here: radweave backbones NAME says more"
        print_rows(rows, form, title, SPARE["cards"])


def _how(where: str) -> str:
    """In a word, whether weights are here, else how they come: --fetch gets them, or a user places the file."""
    return "here" if not where.startswith(NOT_HERE) else "--fetch" if "--fetch" in where else "by hand"


def _card(name: str) -> "Card":
    from features.core.file_kinds import check_file_kind
    from features.core.yaml import Document
    from features.deep.card import Card, load_card

    if name.endswith((".yaml", ".yml")):
        document = Document.load(Path(name))
        check_file_kind(document, "weights card")
        return document.parse(Card)
    return load_card(name)


def _cards() -> Sequence[Mapping[str, str]]:
    from features.deep.card import card_names, load_card

    return [
        {
            "card": name,
            "network": card.architecture.variant,
            "input": size_of(card),
            "features": str(card.output.width),
            "size": _size(card),
            "trained on": card.trained_on,
            "licence": card.licence,
            "permitted use": card.permitted_use,
            "where": _where(card),
        }
        for name in card_names()
        for card in [load_card(name)]
    ]


def _size(card: "Card") -> str:
    """Of the file of the weights, where it is here; else about that of the published number of parameters."""
    from features.deep.finding import locate, parts_of

    found = locate(card.weights)
    if found is not None:
        return f"{sum(part.stat().st_size for part in parts_of(found, card.weights)) / 1e6:.0f} MB"
    millions = card.architecture.millions
    return "" if millions is None else f"about {millions * FLOAT32:.0f} MB"


def size_of(card: "Card") -> str:
    """What a card's network takes, such as 3 × 224 × 224."""
    return " × ".join(map(str, (card.architecture.channels, *card.input.size)))


def _where(card: "Card") -> str:
    from features.deep.finding import found_in

    fetched = card.weights.hub or card.weights.address
    return found_in(card.weights) or (f"{NOT_HERE}; --fetch gets it" if fetched else NOT_HERE)


def _facts(name: str, card: "Card") -> Sequence[Mapping[str, str]]:
    from features.deep.finding import locate, ways_to_get

    shown, weights = card.input, card.weights
    found = locate(weights)
    facts = {
        "title": card.title,
        "network": f"{card.architecture.variant} ({card.architecture.publication})",
        "trained on": card.trained_on,
        "source": card.source,
        "licence": card.licence,
        "permitted use": card.permitted_use,
        "input": size_of(card),
        "modality": " or ".join(shown.modalities) or "any",
        "unit": shown.unit or "any",
        "window": "the recipe's" if shown.window is None else f"[{shown.window[0]:g}, {shown.window[1]:g}]",
        "spacing": "scaled to the input"
        if shown.spacing_mm is None
        else " × ".join(f"{s:g}" for s in shown.spacing_mm) + " mm",
        "orientation": shown.orientation or "as acquired",
        "intensities": f"mean {', '.join(f'{v:g}' for v in shown.mean)}; sd {', '.join(f'{v:g}' for v in shown.std)}",
        "shown": ", ".join(one.kind for one in shown.samplings),
        "features": f"{card.output.width}: {card.output.pooling.kind} of {card.output.tap}",
        "parameters": _millions(card.architecture),
        "size": _size(card),
        "sha-256": weights.sha256 or (f"begins {weights.sha256_begins}; " * bool(weights.sha256_begins)) + NO_DIGEST,
        "where": str(found) if found else f"{NOT_HERE}. {ways_to_get(weights)}",
        "note": card.note,
    }
    return [{name: key, "is": value} for key, value in facts.items() if value]


def _architectures() -> Sequence[Mapping[str, str]]:
    from features.deep.architecture import ARCHITECTURES
    from features.deep.card import card_names, load_card

    cards: dict[tuple[str, str], list[str]] = {}
    for name in card_names():
        network = load_card(name).architecture
        cards.setdefault((network.kind, network.variant), []).append(name)
    rows = [
        {
            "kind": kind,
            "variant": one.variant,
            "published by": one.publication,
            "input": " × ".join(map(str, (one.channels, *one.input_size))),
            "features": str(one.width),
            "parameters": _millions(one),
            "cards": ", ".join(cards.get((kind, one.variant), [])),
        }
        for kind in ARCHITECTURES.modules
        for one in _variants(kind)
    ]
    rows += [
        {
            "kind": kind,
            "variant": "what a file holds",
            "published by": "its card says",
            "input": "its card says",
            "features": "",
            "parameters": "",
            "cards": ", ".join(name for (own, _), names in cards.items() if own == kind for name in names),
        }
        for kind in ARCHITECTURES.modules
        if ARCHITECTURES.load(kind).holds_network
    ]
    return sorted(rows, key=lambda row: row["kind"])


def _millions(network: "Architecture") -> str:
    return "" if network.millions is None else f"{network.millions:.4g} M"


def _variants(kind: str) -> "Sequence[Architecture]":
    from features.deep.architecture import ARCHITECTURES

    found = ARCHITECTURES.load(kind)
    return [found.model_validate({"variant": variant}) for variant in found.variants()]


def _fetch(name: str, yes: bool) -> None:
    from features.deep.checkpoint import weights_digest
    from features.deep.fetching import fetch, source_of
    from features.deep.finding import locate

    card = _card(name)
    if (there := locate(card.weights)) is not None:
        typer.echo(f"{name}: its weights are here already: {there}")
        return
    if source := source_of(card):
        size = f", {told}" if (told := _size(card)) else ""
        typer.echo(f"{name}: {source}{size}; licence {card.licence}; permitted use: {card.permitted_use}")
        if not yes:
            typer.confirm("Download it?", abort=True)
    path = fetch(card)
    begins = "its beginning as published" if card.weights.sha256_begins else "none was published"
    told = "as published" if card.weights.sha256 else begins
    typer.echo(f"{name}: its weights are here now: {path}\nsha-256 {weights_digest(card)} ({told})")
