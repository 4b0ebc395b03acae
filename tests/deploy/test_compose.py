"""The container files: what can be known of them without a container is right. docs/containers.md says what was run."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.serving.prepare import WORK_POOL
from flows.serving.server import HEARTBEAT_SECONDS, SILENT

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
GPU = yaml.safe_load((DEPLOY / "compose.gpu.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name in SERVICES if name != "database"]
CONTAINERFILE = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
IMAGE = dict(re.findall(r"([A-Z][A-Z0-9_]+)=(\S+)", re.search(r"^ENV (.*)$", CONTAINERFILE, re.MULTILINE)[1]))  # type: ignore[index]
# Of docker's Compose specification, what these files use.
KEYS = {
    *(
        "image",
        "build",
        "user",
        "init",
        "read_only",
        "cap_drop",
        "security_opt",
        "tmpfs",
        "restart",
        "command",
        "deploy",
    ),
    *(
        "environment",
        "secrets",
        "ports",
        "networks",
        "depends_on",
        "healthcheck",
        "volumes",
        "stop_grace_period",
        "shm_size",
    ),
}


def test_services_have_only_keys_of_the_specification_and_what_they_name_is_declared() -> None:
    for service in [*SERVICES.values(), *GPU["services"].values()]:
        assert set(service) <= KEYS
    assert set(GPU["services"]) <= set(SERVICES)
    for service in SERVICES.values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        volumes = {line.rpartition(":/")[0].split(":")[0] for line in service.get("volumes", ())}
        assert {name for name in volumes if not name.startswith("$")} <= set(COMPOSE["volumes"])


def test_each_service_waits_for_the_health_of_what_it_needs() -> None:
    waits = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    assert waits == {
        "database": {},
        "server": {"database": {"condition": "service_healthy"}},
        "prepare": {"server": {"condition": "service_healthy"}},
        "worker": {"prepare": {"condition": "service_completed_successfully"}},
    }
    assert {name for name, service in SERVICES.items() if "healthcheck" in service} == set(SERVICES) - {"prepare"}


def test_ports_are_open_on_loopback_alone_and_patients_files_have_no_way_out() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    assert [name for name, service in SERVICES.items() if service["networks"] != ["inside"]] == ["server"]
    data, store = SERVICES["worker"]["volumes"][:2]
    assert data.startswith("${RADWEAVE_DATA:?") and data.endswith(":/data:ro")
    assert store.startswith("${RADWEAVE_STORE:?") and store.endswith(":/store")


def test_images_are_pinned_and_ours_runs_as_no_root_and_writes_nothing_into_itself() -> None:
    images = [*(service["image"] for service in SERVICES.values()), re.search(r"ARG BASE=(\S+)", CONTAINERFILE)[1]]  # type: ignore[index]
    assert all(re.search(r":\d+\.\d+", image) for image in images)
    assert re.findall(r"^FROM (\S+)", CONTAINERFILE, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert re.findall(r"^USER (\d+)", CONTAINERFILE, re.MULTILINE)[-1] != "0"
    for name in OURS:
        service = SERVICES[name]
        assert service["user"].startswith("${RADWEAVE_USER:?")
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_image_holds_what_the_lock_says_and_copies_what_is_there() -> None:
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", CONTAINERFILE, re.MULTILINE)
        for source in shlex.split(line)[:-1]
    ]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} | {path.name for path in ROOT.glob("*.py")}
    assert packages <= set(sources)
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text().splitlines()
    assert {f"!{source.split('/')[0]}" for source in sources} <= set(ignored)
    targets = re.findall(r"make (\S+)", re.sub(r"#.*", "", CONTAINERFILE.partition("WORKDIR")[2]))
    made = subprocess.run(["make", "-n", "-B", *targets], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "--require-hashes -r requirements.lock" in made and "requirements-dev" not in made
    assert "sh deploy/install_torch.sh .venv" in made


def test_no_secret_stands_in_the_files_and_all_are_ignored_by_git() -> None:
    for service in SERVICES.values():
        for name in service["environment"]:
            assert not re.search(r"(PASSWORD|AUTH_STRING|TOKEN)$", name), "a secret comes as NAME_FILE"
    files = [DEPLOY / secret["file"] for secret in COMPOSE["secrets"].values()]
    shown = subprocess.run(["git", "check-ignore", *files, DEPLOY / ".env"], cwd=ROOT, capture_output=True, text=True)
    if (ROOT / ".git").exists():
        assert len(shown.stdout.splitlines()) == len(files) + 1


def test_every_variable_is_one_that_prefect_radweave_or_a_library_knows() -> None:
    from prefect.settings import Settings
    from prefect.settings.legacy import _get_valid_setting_names

    ours = {
        name for path in ROOT.glob("f*/**/*.py") for name in re.findall(r"RADWEAVE_[A-Z_]+", path.read_text("utf-8"))
    }
    libraries = {
        "PATH",
        "PYTHONUNBUFFERED",
        "PYTHONDONTWRITEBYTECODE",
        "HOME",
        "MPLCONFIGDIR",
        "NUMBA_CACHE_DIR",
        "XDG_CACHE_HOME",
        "DO_NOT_TRACK",
    }
    read = re.search(r"for name in (.*); do", (DEPLOY / "with_secrets.sh").read_text())
    from_files = {f"{name}_FILE" for name in read[1].split()} if read else set()
    known = _get_valid_setting_names(Settings) | ours | libraries
    assert {name.removesuffix("_FILE") for name in from_files} <= known
    given = set(IMAGE) | {name for service in OURS for name in SERVICES[service]["environment"]}
    assert given <= known | from_files
    assert set(SERVICES["database"]["environment"]) == {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE"}


def test_nothing_is_sent_out_and_runs_that_die_are_seen() -> None:
    assert {name: IMAGE[name] for name in SILENT} == SILENT
    for name in ("prepare", "worker"):
        assert SERVICES[name]["environment"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"] == str(HEARTBEAT_SECONDS)


def test_the_deployments_are_those_of_the_checkout_with_the_places_of_the_container() -> None:
    here = yaml.safe_load((DEPLOY / "prefect.yaml").read_text())
    there = yaml.safe_load((ROOT / "prefect.yaml").read_text())
    for deployment in here["deployments"]:
        assert deployment.pop("parameters") == {"catalog": IMAGE["RADWEAVE_CATALOG"], "store": IMAGE["RADWEAVE_STORE"]}
        assert deployment["work_pool"]["name"] == WORK_POOL
    for deployment in there["deployments"]:
        deployment.pop("parameters")
    assert here == there


def commands() -> list[list[str]]:
    """Every command of the services, without what a shell adds."""
    found = []
    for service in OURS:
        words = SERVICES[service]["command"]
        found += [shlex.split(one) for one in words[2].split("&&")] if words[0] == "sh" else [words]
    return found


@pytest.mark.slow
@pytest.mark.parametrize("words", commands(), ids=lambda words: " ".join(words[:3]))
def test_the_command_is_there_and_has_these_options(words: list[str]) -> None:
    options = {word for word in words if word.startswith("--")}
    place = words[: next((i for i, word in enumerate(words) if word.startswith("--") and i > 1), len(words))]
    place = [word for word in place if not word.startswith("--")]
    place[0] = str(Path(sys.executable).with_name(place[0]))
    shown = subprocess.run([*place, "--help"], capture_output=True, text=True, timeout=120)
    assert shown.returncode == 0, shown.stderr
    assert {option for option in options if option not in shown.stdout} == set()


def test_secrets_come_from_files_and_an_unreadable_one_is_said(tmp_path: Path) -> None:
    secret = tmp_path / "auth"
    secret.write_text("user:a b$c\n")
    script = DEPLOY / "with_secrets.sh"
    command = ["sh", script, "sh", "-c", 'echo "$PREFECT_API_AUTH_STRING|${PREFECT_API_AUTH_STRING_FILE-gone}"']
    for path, said, code in ((secret, "user:a b$c|gone\n", 0), (tmp_path / "none", "", 2)):
        run = subprocess.run(
            command,
            env={"PATH": "/usr/bin:/bin", "PREFECT_API_AUTH_STRING_FILE": str(path)},
            capture_output=True,
            text=True,
        )
        assert (run.stdout, run.returncode) == (said, code)
    assert "PREFECT_API_AUTH_STRING: the secret in" in run.stderr


def test_image_and_citation_have_the_version_that_is_packed() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert COMPOSE["x-radweave"]["image"] == f"radweave:{version}"
    assert GPU["services"]["worker"]["image"] == f"radweave:{version}-gpu"
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (version, "Apache-2.0")
