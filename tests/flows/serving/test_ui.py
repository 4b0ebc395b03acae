"""Run a refresh and a study from the UI, in a real browser, by clicking; the pictures of docs/study-from-ui.md.

With RADWEAVE_PICTURES_AT=/srv/radweave (a folder that is neat to look at) the pictures are written anew.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.slow]
PICTURES = Path(__file__).parents[3] / "docs" / "pictures"
ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
]
SECONDS = 1000


@pytest.fixture(scope="module")
def page(server: Any) -> Iterator[Any]:
    path = next((p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None)
    if path is None:
        pytest.skip("no Chromium on the PATH")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        found = browser.new_page(viewport={"width": 1280, "height": 800})
        found.set_default_timeout(60 * SECONDS)
        found.add_init_script("localStorage.setItem('color-scheme', '\"light\"')")
        asked: list[str] = []
        found.on("request", lambda request: asked.append(request.url))
        yield found
        browser.close()
    assert [url for url in asked if not url.startswith((server.url, "data:", "blob:"))] == []


def picture(page: Any, name: str) -> None:
    """Keep what is shown as docs/pictures/ui-<name>.png, in few colours."""
    if os.environ.get("RADWEAVE_PICTURES_AT"):
        from PIL import Image

        path = PICTURES / f"ui-{name}.png"
        page.wait_for_timeout(5 * SECONDS)  # the graph of a run is drawn late
        page.screenshot(path=path)
        Image.open(path).convert("RGB").quantize(colors=96, dither=Image.Dither.NONE).save(path, optimize=True)


@contextmanager
def schedule_as_shipped(server: Any) -> Iterator[None]:
    """For a picture: the deployment is not paused, as other tests need it."""
    place = f"/api/deployments/{server.deployment('scheduled')['id']}"
    if os.environ.get("RADWEAVE_PICTURES_AT"):
        server.post(f"{place}/resume_deployment", {})
    yield
    server.post(f"{place}/pause_deployment", {})


def open_form(page: Any, server: Any, flow: str, deployment: str) -> None:
    """The form, as one comes to it: list of deployments, deployment, Run → Custom run."""
    page.goto(f"{server.url}/deployments")
    page.get_by_text(deployment, exact=True).first.click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    page.get_by_role("button", name="Submit").wait_for()


def choose(page: Any, place: int, option: str) -> None:
    """Choose from a list: its arrows open it (Chromium 156 shuts the list again if its text is clicked)."""
    page.locator(".p-select-button__icon").nth(place).click(force=True)
    page.get_by_role("option", name=option).click()
    page.keyboard.press("Escape")


def submitted(page: Any, server: Any, known: set[str]) -> str:
    page.get_by_role("button", name="Submit").click()
    return str(server.wait("the run", lambda: [run["id"] for run in server.runs() if run["id"] not in known])[0])


def see(page: Any, text: str) -> None:
    page.get_by_text(text).first.wait_for(state="visible")


def test_a_refresh_is_run_by_clicking(page: Any, server: Any) -> None:
    page.goto(f"{server.url}/deployments")
    see(page, "on-demand")
    see(page, "scheduled")
    with schedule_as_shipped(server):
        page.reload()
        see(page, "scheduled")
        picture(page, "deployments")
    known = {run["id"] for run in server.runs()}
    open_form(page, server, "refresh", "scheduled")
    for words in ("Cohorts", "Recipes", "Runner", "Failure threshold", "where the work is done"):
        see(page, words)
    choose(page, 0, "builtin")
    boxes = page.locator("textarea:visible")
    there = boxes.count()
    page.get_by_role("button", name="Add item").first.click()
    boxes.nth(there).wait_for()  # until the new one is there, the first is another, which nobody may fill
    boxes.first.fill("flows/recipes/ct_lung.yaml")
    page.get_by_text("Threads", exact=True).click()
    see(page, "How many work side by side")
    run = submitted(page, server, known)
    page.goto(f"{server.url}/runs/flow-run/{run}")
    ended = server.end(run)
    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    assert ended["parameters"]["cohorts"] == ["builtin"]
    assert ended["parameters"]["recipes"] == ["flows/recipes/ct_lung.yaml"]
    assert ended["parameters"]["runner"]["kind"] == "threads"
    page.reload()
    see(page, ended["name"])
    see(page, "Completed")
    picture(page, "refresh")
    page.get_by_text("Artifacts", exact=True).first.click()
    see(page, "scans-builtin")
    picture(page, "artifacts")


def test_a_study_with_a_chosen_model_is_run_by_clicking(page: Any, server: Any) -> None:
    known = {run["id"] for run in server.runs()}
    open_form(page, server, "study", "on-demand")
    see(page, "another endpoint, or other models for it")
    choose(page, 0, "builtin_response")
    page.get_by_text("Survival", exact=True).click()
    see(page, "strength of the ridge penalty")  # of a Cox regression: the form begins with a model that fits
    page.get_by_text("Binary", exact=True).click()
    see(page, "small values keep few columns")
    page.mouse.move(5, 5)
    page.set_viewport_size({"width": 1280, "height": 1500})
    picture(page, "form")
    page.set_viewport_size({"width": 1280, "height": 800})
    run = submitted(page, server, known)
    page.goto(f"{server.url}/runs/flow-run/{run}")
    ended = server.end(run)
    assert ended["state"]["type"] == "COMPLETED", ended["state"]
    assert [one["model"]["kind"] for one in ended["parameters"]["predict"]["binary_models"]] == ["lasso_logistic"]
    page.reload()
    see(page, ended["name"])
    link = page.get_by_role("link", name="report.html")  # of the log
    link.scroll_into_view_if_needed()
    picture(page, "study")
    link.click()
    see(page, "Flow of cases")
    report = server.artifacts(run)["report-builtin-response"]["id"]
    page.goto(f"{server.url}/artifacts/artifact/{report}")
    see(page, "Response to chemoradiation in the built-in cohort")
    see(page, "report.html")
    figure = page.get_by_alt_text("AUC of every combination with its 95 % interval")
    figure.wait_for(state="visible")
    assert figure.evaluate("image => image.naturalWidth") > 300
    assert figure.bounding_box()["height"] > 100
    picture(page, "scores")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Open the report of builtin_response").click()
    opened.value.get_by_role("link", name="Flow of cases").click()
    assert re.fullmatch(
        rf"{server.url}/pages/studies/builtin_response/[0-9a-f]{{16}}/report\.html#flow", opened.value.url
    )
    assert opened.value.evaluate("origin") == "null"  # a page cannot use the server
    opened.value.close()


def test_the_quarantine_and_the_limits_can_be_looked_at(page: Any, server: Any) -> None:
    page.goto(f"{server.url}/automations")
    see(page, "radweave: end dead runs")
    page.goto(f"{server.url}/concurrency-limits")
    see(page, "radweave-gpu")
    tables = server.post("/api/artifacts/filter", {"artifacts": {"key": {"any_": ["scans-builtin"]}}})
    page.goto(f"{server.url}/artifacts/artifact/{tables[0]['id']}")
    see(page, "Flow of scans of builtin")
    see(page, "scans in")
    picture(page, "scans")
