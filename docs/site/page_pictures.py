"""Pictures of a report and a quality page, after `make demo`: `python docs/site/page_pictures.py demo/store`. Needs Chromium."""

from __future__ import annotations

import shutil
import sys
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = Path(__file__).parents[1] / "pictures"
STUDY, COHORT = "builtin_response", "builtin"
STILL = "* {position: static !important} p.notes {display: none}"  # what follows the reader stays where it is
SPACE = 20  # pixels round a part
LINE = (207, 212, 218)


def part_of(page: Page, selector: str) -> Image.Image:
    """A part of a page as it is seen."""
    return Image.open(BytesIO(page.locator(selector).first.screenshot())).convert("RGB")


def top_of(page: Page, selector: str) -> Image.Image:
    """The page down to the end of a part."""
    box = page.locator(selector).first.bounding_box()
    assert box is not None
    size = page.viewport_size
    assert size is not None
    shown = page.screenshot(
        full_page=True, clip={"x": 0, "y": 0, "width": size["width"], "height": box["y"] + box["height"] + SPACE}
    )
    return Image.open(BytesIO(shown)).convert("RGB")


def beside(left: Image.Image, right: Image.Image) -> Image.Image:
    """Two pictures with a line between them."""
    height = max(left.height, right.height + 2 * SPACE)
    found = Image.new("RGB", (left.width + right.width + 3 * SPACE, height), "white")
    found.paste(left, (0, 0))
    found.paste(right, (left.width + 2 * SPACE, SPACE))
    ImageDraw.Draw(found).line([(left.width + SPACE, SPACE), (left.width + SPACE, height - SPACE)], LINE)
    return found


def below(top: Image.Image, bottom: Image.Image) -> Image.Image:
    """Two pictures, one below the other."""
    found = Image.new("RGB", (max(top.width, bottom.width), top.height + bottom.height), "white")
    found.paste(top, (0, 0))
    found.paste(bottom, (0, top.height))
    return found


def keep(picture: Image.Image, name: str) -> None:
    """In few colours, which keeps files small."""
    picture.quantize(colors=96, dither=Image.Dither.NONE).save(PICTURES / name, optimize=True)


def main(store: Path) -> None:
    runs = sorted((store / "studies" / STUDY).glob("*/report.html"), key=lambda path: path.stat().st_mtime)
    path = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 990, "height": 900})
        page.goto(runs[-1].resolve().as_uri())
        keep(beside(top_of(page, "nav"), part_of(page, "#figure-roc svg")), "report.png")
        page.set_viewport_size({"width": 1100, "height": 900})
        page.goto((store / "quality" / f"{COHORT}.html").resolve().as_uri())
        page.add_style_tag(content=STILL)
        head, figures = top_of(page, "nav"), part_of(page, "section[aria-labelledby=distributions]")
        cards = part_of(page, "details.centre-images")
        cards = cards.crop((0, 0, cards.width, min(cards.height, 480)))
        indented = Image.new("RGB", (1100, figures.height + cards.height), "white")
        indented.paste(figures, ((1100 - figures.width) // 2, 0))
        indented.paste(cards, ((1100 - cards.width) // 2, figures.height))
        keep(below(head, indented), "quality.png")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
