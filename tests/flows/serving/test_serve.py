"""The Prefect server that `radweave serve` starts: it boots, schedules, explains its forms, runs what is asked for, ends."""

import json
import os
import re
import signal
import socket
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from features.core.storage.store import Store
from features.results.manifest import Mart, newest
from features.simulate.simulator import SIMULATORS, simulate
from tasks.modelling.models.model import MODELS

pytestmark = [pytest.mark.server, pytest.mark.slow]


@pytest.fixture(scope="module")
def refreshed(server) -> Any:
    """The run that the schedule started."""
    own = server.deployment("scheduled")["id"]
    found = (run for run in reversed(server.runs()) if run["deployment_id"] == own)
    return server.end(next(run["id"] for run in found if run["auto_scheduled"]))


@pytest.fixture(scope="module", autouse=True)
def killed(server, demo, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, datetime]:
    """A tracked refresh from a terminal that was killed at work: its run, its store, the time of its death.

    It dies before the first test, because its death is noticed after a minute and a half.
    """
    store = demo.begun(tmp_path_factory.mktemp("killed"))
    begun = len(list((store / "work").rglob("*.parquet")))
    known = {run["id"] for run in server.runs()}
    process = server.command("refresh", "--all", "--catalog", demo.catalog, "--store", store, "--workers", 1)
    server.wait("work of the refresh", lambda: len(list((store / "work").rglob("*.parquet"))) > begun + 5)
    run = next(run["id"] for run in server.runs() if run["id"] not in known)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert server.run(run)["state"]["type"] == "RUNNING"
    return run, store, datetime.now(UTC)


def test_the_ui_is_served_on_loopback_alone_whatever_the_environment_says(server) -> None:
    assert server.environment["PREFECT_SERVER_API_HOST"] == "0.0.0.0"
    assert "<html" in server.get("/").lower()
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if Path(table).exists():
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
            listening += [row[1] for row in rows if row[3] == "0A" and int(row[1].split(":")[1], 16) == server.port]
    assert all(address.startswith("0100007F") for address in listening)


WRONG_COLUMN = "wrong_column.yaml"
EVIL = {"Origin": "http://evil.example"}


def asked(server, path: str, body: dict[str, Any] | None = None, **headers: str) -> int:
    """The status of what the server answers to a request with these headers too."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, {**server.headers, **headers})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def heard(server, **headers: str) -> str:
    """The first message of the server's events, or the status of a websocket that is refused."""
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    url = f"ws://127.0.0.1:{server.port}/api/events/out"
    try:
        with connect(url, subprotocols=["prefect"], proxy=None, additional_headers=headers) as events:
            events.send(json.dumps({"type": "auth", "token": None}))
            return str(json.loads(events.recv())["type"])
    except InvalidStatus as refused:
        return str(refused.response.status_code)


def test_pages_of_other_origins_and_other_names_of_this_machine_are_not_answered(server) -> None:
    """Requests as a browser sends them for a page that is no page of the UI; all of them are harmless."""
    own = {"Origin": server.url}
    elsewhere = {"Host": f"evil.example:{server.port}"}
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    count = ("/api/flow_runs/count", {})
    assert [asked(server, *count), asked(server, *count, **own)] == [200, 200]
    assert [asked(server, *count, **EVIL), asked(server, *count, **elsewhere)] == [403, 403]
    assert asked(server, *count, **EVIL, **{"content-type": "text/plain"}) == 403  # which no preflight precedes
    assert [asked(server, "/"), asked(server, "/", **link)] == [200, 200]
    assert [asked(server, "/", **elsewhere), asked(server, "/ui-settings", **EVIL)] == [403, 403]
    assert [heard(server), heard(server, **own)] == ["auth_success", "auth_success"]
    assert heard(server, **EVIL) == "403"


def test_the_user_interface_that_calls_its_makers_is_not_served(server) -> None:
    assert server.get("/ui-settings")["available_uis"] == ["v1"]
    settings = server.get("/api/admin/settings")["server"]
    assert not settings["analytics_enabled"]
    assert not settings["ui"]["show_promotional_content"]


def test_a_store_is_served_once(server, radweave) -> None:
    """The second would end the runs of the first as left behind."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ("serve", "--catalog", server.catalog, "--store", server.store, "--port", port)
    found = radweave(*options, code=4)
    assert f"{server.store} is being served by process {server.process.pid} on " in found.stderr


def log_of(server, run: str) -> list[str]:
    """The lines of a run's log."""
    found = server.post("/api/logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}, "limit": 200})
    return [line["message"] for line in found]


DEPLOYED = ("scheduled", "on-demand", "save-model", "score-cohort", "new-cases", "recalibrate-model")


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("scheduled", 16),
        ("on-demand", 16),
        ("save-model", 6),
        ("score-cohort", 4),
        ("new-cases", 4),
        ("recalibrate-model", 5),
    ],
)
def test_the_form_explains_every_field(server, name: str, least: int) -> None:
    schema = server.deployment(name)["parameter_openapi_schema"]
    parts = {"": schema, **schema.get("definitions", {})}
    fields = [(part, key, field) for part, one in parts.items() for key, field in one["properties"].items()]
    assert len(fields) >= least
    unexplained = [
        (part, key)
        for part, key, one in fields
        if "const" not in one and not (one.get("title") and one.get("description"))
    ]
    assert unexplained == []
    assert all(field["title"][0].isupper() for _, _, field in fields)


def test_the_form_offers_what_the_catalog_and_the_rooms_have(server) -> None:
    refresh = server.deployment("scheduled")["parameter_openapi_schema"]
    assert refresh["properties"]["cohorts"]["items"]["enum"] == ["builtin"]
    assert "With radweave come ct_lung, ct_lung_networks, ibsi_a, " in refresh["properties"]["recipes"]["description"]
    assert (
        "With radweave come builtin_association, builtin_response, builtin_survival"
        in refresh["properties"]["studies"]["description"]
    )
    assert len(refresh["properties"]["runner"]["anyOf"]) == 3
    study = server.deployment("on-demand")["parameter_openapi_schema"]
    named = study["properties"]["study"]["anyOf"][0]["enum"]
    assert named == ["builtin_association", "builtin_response", "builtin_survival"]
    assert "builtin_survival predicts os (competing_risks, survival)" in study["properties"]["study"]["description"]
    assert "genomic" in study["properties"]["blocks"]["items"]["items"]["enum"]
    for kind, endpoint in (("binary", "response"), ("survival", "os")):
        fields = study["definitions"][kind.title()]["properties"]
        assert fields[f"{kind}_endpoint"]["enum"] == [endpoint]
        (first,) = fields[f"{kind}_models"]["default"]
        assert kind in MODELS.parse(first["model"]).endpoints
    assert study["properties"]["external"]["items"]["enum"] == ["builtin"]
    from tasks.modelling.splits.split import SPLITS

    assert len(study["definitions"]["ChosenSplit"]["properties"]["split"]["anyOf"]) == len(SPLITS.modules)


def test_what_is_healthy_is_not_shown_red(server) -> None:
    """The server runs the deployments itself, so no pool waits for a worker, and it asks for work all the time."""
    assert server.post("/api/work_pools/filter", {}) == []
    assert {server.deployment(name)["status"] for name in DEPLOYED} == {"READY"}


def test_a_scheduled_refresh_completes_and_its_name_tells_cohort_and_refresh(server, refreshed) -> None:
    assert refreshed["state"]["type"] == "COMPLETED", refreshed["state"]
    assert refreshed["name"] == "refresh builtin → 1"
    assert newest(Store(server.store)).cohorts["builtin"].refreshed == 1
    steps = server.post("/api/task_runs/filter", {"task_runs": {"flow_run_id": {"any_": [refreshed["id"]]}}})
    assert {step["name"].split("-")[0] for step in steps} == {"index", "measure", "extract", "tables", "publish"}


def test_a_refresh_shows_progress_flow_of_scans_quarantine_and_features(server, refreshed) -> None:
    found = server.artifacts(refreshed["id"])
    assert {"scans-builtin", "quarantine-builtin", "features-builtin"} <= set(found)
    files = json.loads(found["files-builtin"]["data"])
    assert files[0]["count"] == sum(row["count"] for row in files[1:]) > 0
    bars = [one for key, one in found.items() if key.startswith("progress-")]
    assert bars and all(one["data"] == 100 for one in bars)
    flow = json.loads(found["scans-builtin"]["data"])
    assert [row["centre"] for row in flow] == ["A", "B", "C", "all"]
    assert all(row["scans in"] == row["used"] + row["quarantined"] for row in flow)
    features = {row["block"]: row for row in json.loads(found["features-builtin"]["data"])}
    assert features["radiomics"]["predictors"] > 50
    assert features["clinical"]["rows"] == 24


def test_a_served_refresh_of_many_images_and_regions_shows_them_by_name(server, tmp_path: Path) -> None:
    """The deployment that schedules run, on a cohort with five images and three regions, with the recipes beside its catalog."""
    catalog = simulate(SIMULATORS.parse({"kind": "brain", "patients_per_centre": 1}), tmp_path / "brain")
    run = server.end(server.trigger("scheduled", catalog=str(catalog), store=str(tmp_path / "store")))
    assert run["state"]["type"] == "COMPLETED", run["state"]
    found = server.artifacts(run["id"])
    shown = found["images-external"]["data"]
    assert all(word in shown for word in ("t1c", "flair", "adc", "tumour", "oedema", "necrosis")), shown
    names = Mart.open(Store(tmp_path / "store")).read("radiomics", "external").schema.names
    assert any("__t1c__tumour__" in name for name in names) and any("__adc__" in name for name in names)


def test_deep_features_hold_the_slot_of_the_gpu_and_give_it_back(server, refreshed) -> None:
    wanted = {"filter": {"event": {"prefix": ["prefect.concurrency-limit."]}}, "limit": 50}
    found = server.post("/api/events/filter", wanted)["events"]
    own = [one for one in found if any(refreshed["id"] in about["prefect.resource.id"] for about in one["related"])]
    assert {one["event"].rpartition(".")[2] for one in own} == {"acquired", "released"}
    assert {one["resource"]["prefect.resource.name"] for one in own} == {"radweave-gpu"}
    assert server.get("/api/v2/concurrency_limits/radweave-gpu")["active_slots"] == 0


def test_a_study_with_chosen_models_is_a_run_of_its_own_and_shows_scores_and_forest(server) -> None:
    steps = [{"step": {"kind": kind}} for kind in ("median", "zscore")] + [{"step": {"kind": "screen", "k": [5]}}]
    few = {"name": "few", "steps": steps, "model": {"kind": "svm"}, "fusion": "together"}
    models = [{"model": {"kind": "svm", "kernel": ["linear"]}}, few]
    predict, runner = {"binary_endpoint": "response", "binary_models": models}, {"kind": "threads", "workers": 1}
    run = server.end(server.trigger("on-demand", study="builtin_response", predict=predict, runner=runner))
    assert run["state"]["type"] == "COMPLETED", run["state"]
    assert re.fullmatch(r"study builtin_response → [0-9a-f]{16}", run["name"])
    folder = server.store / "studies" / "builtin_response" / run["name"].split()[-1]
    kept = json.loads((folder / "study.json").read_text())["study"]["models"]
    assert [(one["name"], one["model"]["kernel"]) for one in kept] == [("svm", ["linear"]), ("few", ["linear", "rbf"])]
    assert ([step["kind"] for step in kept[1]["steps"]], kept[1]["fusion"]["kind"]) == (
        ["median", "zscore", "screen"],
        "together",
    )
    assert len(list(folder.parent.iterdir())) == 2
    found = server.artifacts(run["id"])
    scores = json.loads(found["scores-builtin-response"]["data"])
    assert {row["model"] for row in scores} == {"svm", "few"}
    first = [row for row in scores if row["metric"] == "auc"]
    assert scores[: len(first)] == first
    assert all("–" in row["95 % interval"] and row["n"] == 24 for row in first)
    page = found["report-builtin-response"]["data"]
    assert "data:image/svg+xml;base64," in page
    place = f"studies/builtin_response/{folder.name}/report.html"
    assert f"[Open the report of builtin_response](/pages/{place})" in page
    server.wait(
        "the log", lambda: f"report of builtin_response: {server.url}/pages/{place}" in log_of(server, run["id"])
    )


@pytest.mark.parametrize(
    ("name", "wrong", "sentence"),
    [
        (
            "on-demand",
            {"study": "builtin_response", "predict": {"survival_endpoint": "os"}},
            "lasso_logistic, svm, random_forest cannot predict os, a survival endpoint; choose among aft, cox, coxnet, ",
        ),
        ("scheduled", {"catalog": WRONG_COLUMN}, 'tables/A_clinical.csv: there is no column "stadium"; allowed: age, '),
    ],
)
def test_what_is_wrong_in_the_form_ends_the_run_with_a_sentence_and_no_traceback(
    server, tmp_path: Path, name: str, wrong: dict[str, Any], sentence: str
) -> None:
    if wrong.get("catalog") == WRONG_COLUMN:  # which only the step that reads the table finds
        text = server.catalog.read_text().replace("stage: stage", "stage: stadium")
        path = tmp_path / WRONG_COLUMN
        path.write_text(text.replace("root: .\n", f"root: {server.catalog.parent}\n"))
        wrong = {"catalog": str(path), "store": str(tmp_path / "store")}
    before = len(server.log.read_text())
    run = server.end(server.trigger(name, **wrong))
    assert run["state"]["type"] == "FAILED"
    assert sentence in run["state"]["message"]
    server.wait("the log", lambda: run["state"]["message"] in log_of(server, run["id"]))
    assert "Traceback" not in "".join(log_of(server, run["id"])) + server.log.read_text()[before:]


def test_a_run_that_waits_for_the_gpu_says_so(server) -> None:
    limit = "/api/v2/concurrency_limits"
    held = server.post(f"{limit}/increment-with-lease", {"slots": 1, "names": ["radweave-gpu"]})
    run = server.trigger("scheduled", cohorts=["builtin"])
    said = "waits for a slot of the GPU, which another run holds (limit radweave-gpu)"
    server.wait("the line", lambda: [line for line in log_of(server, run) if line.startswith(said)])
    assert server.run(run)["state"]["type"] == "RUNNING"
    server.post(f"{limit}/decrement-with-lease", {"lease_id": held["lease_id"]})
    assert server.end(run)["state"]["type"] == "COMPLETED"
    assert server.get(f"{limit}/radweave-gpu")["active_slots"] == 0


@pytest.mark.parametrize("wrong", [{"workers": "many"}, {"kind": "cloud"}])
def test_a_faulty_parameter_is_refused(server, wrong: dict[str, str]) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        server.trigger("on-demand", study="builtin_response", runner={"kind": "threads", **wrong})
    assert refused.value.code in (409, 422)
    refused.value.close()


def test_too_many_new_rejections_end_a_run_as_failed_with_what_to_do(server, demo, tmp_path: Path) -> None:
    catalog = demo.copy_cohort(tmp_path)
    for image in catalog.parent.glob("C/*/*/CT.nii.gz"):
        image.write_bytes(image.read_bytes()[:2000])
    store = demo.copy(tmp_path)
    process = server.command("refresh", "--all", "--catalog", catalog, "--store", store, "--workers", 1)
    _, printed = process.communicate(timeout=900)
    assert process.returncode == 5, printed
    found = next(run for run in server.runs() if run["state"]["type"] == "FAILED" and run["name"].startswith("refresh"))
    assert "fault: threshold" in found["tags"]
    message = found["state"]["message"]
    assert re.match(r"\d+ of 33 scans of builtin were newly quarantined \(\d+ × NII_TRUNC: ", message)
    assert "copy the file again" in message and "The threshold is 20%" in message and "refresh again" in message
    assert message in printed and "Traceback" not in printed
    shown = json.loads(server.artifacts(found["id"])["quarantine-builtin"]["data"])
    assert {row["code"] for row in shown} == {"NII_TRUNC"}
    assert all(row["case"].startswith("builtin:") and row["remedy"] for row in shown)
    again = server.command("refresh", "--all", "--catalog", catalog, "--store", store, "--workers", 1)
    _, printed = again.communicate(timeout=900)
    assert again.returncode == 0, printed  # nothing is new


def test_a_killed_run_is_ended_by_the_automation_and_the_next_goes_on(server, demo, killed) -> None:
    run, store, died = killed
    ended = server.end(run)
    assert ended["state"]["type"] == "CRASHED"
    assert "no heartbeat for 90 s" in ended["state"]["message"]
    assert datetime.fromisoformat(ended["state"]["timestamp"]) - died < timedelta(seconds=300)
    finished = {path: path.stat().st_mtime_ns for path in (store / "work").rglob("*.parquet")}
    again = server.command("refresh", "--all", "--catalog", demo.catalog, "--store", store, "--workers", 1)
    _, printed = again.communicate(timeout=900)
    assert again.returncode == 0, printed
    assert all(path.stat().st_mtime_ns == time for path, time in finished.items())
    shown = server.artifacts(server.runs()[0]["id"])["quality-builtin"]["data"]
    assert shown.count("](data:image/png;base64,iVBOR") == 24


def test_nothing_about_patients_reaches_the_server(server, demo, refreshed) -> None:
    """Ids, names, UIDs and file paths stand in no run, log, event or artifact."""
    ids = {path.name for path in (demo.catalog.parent / "A" / "dicom").iterdir()}
    ids |= {path.name for path in (demo.catalog.parent / "C").iterdir()}
    kept = [
        server.post(f"/api/{kind}/filter", {"limit": 200} if kind != "events" else {"limit": 50, "filter": {}})
        for kind in ("flow_runs", "task_runs", "logs", "artifacts", "events", "deployments")
    ]
    assert all(kept)
    text = json.dumps(kept)
    assert "refresh builtin" in text
    assert [needle for needle in [*ids, "2.25.", "/dicom/", ".dcm", ".nii"] if needle in text] == []


def test_no_process_looks_for_another_machine(server, refreshed) -> None:
    looked = set(server.spied.read_text().splitlines())
    own = re.compile(r"\('(127\.0\.0\.1|::1)', .*\)|'(127\.0\.0\.1|localhost|::1)'|b?'/.*'|None|b'127.0.0.1'")
    assert looked
    assert {address for address in looked if not own.fullmatch(address)} == set()
