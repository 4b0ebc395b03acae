"""radweave beside its peers, from the files of 24 CTs to a table: CPU, memory, values, and what becomes of faulty cases.

    python benchmarks/peers.py                                   # everything that is not measured yet, then the tables
    python benchmarks/peers.py --only radweave pyradiomics       # some of them; the results of the others stay
    python benchmarks/peers.py --only none                       # the tables alone
    python benchmarks/peers.py --python312 /usr/bin/python3.12   # the interpreter for peers that need 3.12

Each peer is installed, with the versions named below, into an environment of its own in --folder, where cohort, features and
results (results.json) stay too; name it to measure in parts. All use one thread. CPU is user and system time of the process
and its children, from start to end; memory is the most that they held together (PSS, looked at every 50 ms), or the peak of
one of them if that is more. Each way runs --repeats times, but no more once it has used 60 s; the run with the least CPU
counts. A way that compiles has a first run in a new --folder, which is told apart; pictologics' takes some eight minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[0] = str(ROOT)
WAYS_FOLDER = Path(__file__).with_name("peer_ways")
THREADS = {
    **{f"{one}_NUM_THREADS": "1" for one in ("OMP", "OPENBLAS", "MKL", "NUMBA", "PICTOLOGICS")},
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1",
}
ENOUGH_S = 60.0
LIMIT_S = 1800.0
LEAST_RATIO = 15.0  # pyradiomics' command line by `radweave extract`
SETTINGS = {
    "original": "imageType: {Original: {}}\nsetting: {binWidth: 25, additionalInfo: false}\n",
    "full": "imageType: {Original: {}, LoG: {sigma: [1.0, 2.0, 3.0]}, Wavelet: {wavelet: coif1}}\n"
    "setting: {binWidth: 25, additionalInfo: false}\n",
}
IBSI_RECIPE = {
    "name": "ct",
    "modality": "CT",
    "unit": "HU",
    "resegment": [-1000, 1000],
    "discretise": {"bin_width": 25},
    "extractors": [{
        "kind": "ibsi",
        "families": ["morphology", "intensity_statistics", "glcm", "glrlm", "glszm", "ngtdm", "ngldm"],
        "aggregations": ["3D:mrg", "3D"],
    }],
}  # fmt: skip
RECIPE = {"name": "ct", "modality": "CT", "unit": "HU", "discretise": {"bin_width": 25}, "extractors": ["radweave"]}


@dataclass(frozen=True)
class Way:
    """A way from files to a table. packages: installed into its own environment, in radweave's if there are none. script: run
    by that environment's python. command: of a tool that has one. kinds: the sets that it computes. compiles: its first run
    compiles."""

    title: str
    packages: tuple[str, ...] = ()
    script: str = ""
    command: Callable[[Place], list[str]] | None = None
    kinds: tuple[str, ...] = ("original", "full")
    python: str = "3.11"
    compiles: bool = False

    @property
    def measurable(self) -> bool:
        return bool(self.script or self.command)


@dataclass(frozen=True)
class Place:
    """Where a run reads and writes. cohort: the folder of `pairs.csv`; out: a fresh folder."""

    folder: Path
    cohort: Path
    out: Path
    kind: str

    @property
    def pairs(self) -> Path:
        return self.cohort / "pairs.csv"

    @property
    def table(self) -> Path:
        return self.out / "features.csv"

    def settings(self) -> Path:
        path = self.folder / f"{self.kind}.yaml"
        path.write_text(SETTINGS[self.kind])
        return path


def own(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def extract_command(place: Place) -> list[str]:
    return [
        own("radweave"),
        "extract",
        str(place.pairs),
        "--param",
        str(place.settings()),
        "--output",
        str(place.table),
    ]


def pyradiomics_command(place: Place) -> list[str]:
    settings = ["--param", str(place.settings()), "--out", str(place.table), "--format", "csv", "--jobs", "1"]
    return [own("pyradiomics"), str(place.pairs), *settings]


def refresh_command(recipe: Mapping[str, object]) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        from tests.support.catalog import cohort_of, file_images, write_catalog

        chosen = dict(recipe)
        if place.kind == "full":
            chosen["filters"] = [{"kind": "log", "sigma_mm": [1, 2, 3]}, {"kind": "wavelet", "wavelet": "coif1"}]
        file = place.folder / f"recipe-{recipe['name']}-{place.kind}.yaml"
        file.write_text(json.dumps(chosen))  # JSON is YAML
        catalog = write_catalog(place.cohort, cohort=cohort_of(file_images()))
        store = ["--catalog", str(catalog), "--store", str(place.out / "store"), "--workers", "1"]
        return [own("radweave"), "refresh", "cohort", "--recipe", str(file), *store]

    return command


WAYS = {
    "radweave": Way("`radweave extract`", command=extract_command, compiles=True),
    "refresh": Way("`radweave refresh`", command=refresh_command(RECIPE), compiles=True),
    "ibsi": Way("`radweave refresh`, IBSI", command=refresh_command(IBSI_RECIPE), kinds=("original",), compiles=True),
    "pyradiomics": Way("pyradiomics 3.1.4 (bhklab)", command=pyradiomics_command),
    "pictologics": Way(
        "pictologics 0.9.0", ("pictologics==0.9.0",), "run_pictologics.py", python="3.12", compiles=True
    ),
    "mirp": Way("MIRP 2.7.0", ("mirp==2.7.0",), "run_mirp.py"),
    "zrad": Way("z-rad 26.9.0", ("z-rad==26.9.0",), "run_zrad.py", kinds=("original",)),
    "qradiomics": Way(
        "qradiomics 0.9.5",
        ("qradiomics==0.9.5", "pyradiomics-bhklab==3.1.4"),  # its engine, which it does not bring
        "run_qradiomics.py",
        kinds=("original",),
    ),
    "worc": Way("WORC 3.7.0", ("WORC==3.7.0",), kinds=("original",)),  # without a script until it installs
}


@dataclass
class Cost:
    """Seconds and MiB of a run, and its exit status (negative: a signal; 124: over the limit)."""

    cpu: float
    wall: float
    memory: float
    status: int
    said: str = ""


@dataclass
class Result:
    """What is known of a way and a set. missing: why it could not be measured; first: the run that compiles."""

    cases: int = 0
    features: int = 0
    cost: Cost | None = None
    first: Cost | None = None
    runs: int = 0
    missing: str = ""
    outcomes: dict[str, str] = field(default_factory=dict)


def main() -> None:
    """Measure what is asked for, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", choices=[*WAYS, "none"], help="ways to measure (again); default: missing ones"
    )
    parser.add_argument(
        "--sets", nargs="+", choices=["original", "full", "faults"], default=["original", "full", "faults"]
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "radweave-peers")
    parser.add_argument("--cases", type=int, default=24, help="sound cases (default 24)")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--python312", type=Path, help="a Python 3.12; otherwise one is looked for")
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    from benchmarks.peer_tables import print_tables

    results = load(folder)
    for name in options.only or WAYS:
        for kind in options.sets if name != "none" else ():
            key = f"{name}/{kind}"
            asked = kind in WAYS[name].kinds or (kind == "faults" and WAYS[name].measurable)
            if asked and (options.only or key not in results):
                before = results.get(key)
                results[key] = measure(name, kind, folder, options)
                if before and not results[key].first:
                    results[key].first = before.first  # its code is still compiled
                store(folder, results)
                print(f"{key}: {results[key].cost or results[key].missing}", file=sys.stderr, flush=True)
    print_tables(folder, results)


def load(folder: Path) -> dict[str, Result]:
    path = folder / "results.json"
    found = json.loads(path.read_text()) if path.exists() else {}
    for one in found.values():
        for key in ("cost", "first"):
            one[key] = Cost(**one[key]) if one[key] else None
    return {key: Result(**one) for key, one in found.items()}


def store(folder: Path, results: Mapping[str, Result]) -> None:
    (folder / "results.json").write_text(json.dumps({key: asdict(one) for key, one in results.items()}, indent=1))


def measure(name: str, kind: str, folder: Path, options: argparse.Namespace) -> Result:
    """Run a way over a set: the sound cases, or the faulty ones."""
    from benchmarks.peer_values import read_rows

    way = WAYS[name]
    try:
        python = environment_of(name, way, folder, options.python312)
    except LookupError as error:
        return Result(missing=str(error))
    if not way.measurable:
        return Result(missing="installs, but no way to measure it is written yet")
    cohort = cohort_of_kind(folder, kind, options.cases)
    found = Result()

    def once() -> Cost:
        place = Place(
            folder, cohort, fresh(folder / "out" / f"{name}-{kind}"), "original" if kind == "faults" else kind
        )
        arguments = way.command(place) if way.command else [
            str(python), str(WAYS_FOLDER / way.script), str(place.pairs), place.kind, str(place.table)
        ]  # fmt: skip
        return run(arguments, environment(folder, name), place.out / "said.txt")

    if way.compiles and not (folder / "compiled" / name).exists():
        found.first = once()
    while found.runs < (1 if kind == "faults" else options.repeats):
        cost = once()
        found.runs += 1
        if found.cost is None or cost.cpu < found.cost.cpu:
            found.cost = cost
        if cost.cpu * found.runs > ENOUGH_S or cost.status == 124:
            break
    rows = read_rows(name, folder / "out" / f"{name}-{kind}", cohort, folder)
    found.cases = sum(bool(row.values) for row in rows.values())
    found.features = max((len(row.values) for row in rows.values()), default=0)
    if kind == "faults":
        found.outcomes = {case: row.outcome for case, row in rows.items()}
    return found


def cohort_of_kind(folder: Path, kind: str, cases: int) -> Path:
    from benchmarks.peer_cohort import write_faulty, write_sound

    cohort = folder / ("faulty" if kind == "faults" else f"sound-{cases}")
    if not (cohort / "pairs.csv").exists():
        write_faulty(cohort) if kind == "faults" else write_sound(cohort, cases)
    return cohort


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def environment(folder: Path, name: str) -> dict[str, str]:
    """Variables of a run: one thread, compiled code and the key of the pseudonyms in the folder."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")}
    own_code = {"PYTHONPATH": str(ROOT)} if not WAYS[name].packages else {}
    key = folder / "pseudonym.key"
    return {
        **kept,
        **THREADS,
        **own_code,
        "NUMBA_CACHE_DIR": str(folder / "compiled" / name),
        "RADWEAVE_KEY_FILE": str(key),
    }


def environment_of(name: str, way: Way, folder: Path, python312: Path | None) -> Path:
    """The python of a way, after its packages are installed. Raises LookupError where they cannot be."""
    if not way.packages:
        return Path(sys.executable)
    python = folder / "environments" / name / "bin" / "python"
    if (python.parent / "installed").exists():
        return python
    base = Path(sys.executable) if way.python == "3.11" else find_python312(python312)
    subprocess.run([base, "-m", "venv", "--clear", python.parents[1]], check=True)
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *way.packages]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise LookupError(f"does not install: {reason_of(done.stderr)}")
    (python.parent / "installed").touch()
    return python


def reason_of(said: str) -> str:
    """What pip could not do: the last line that names an error, but for those that say only that a process failed.

    >>> reason_of("      ModuleNotFoundError: No module named 'numpy'\\n\\nerror: subprocess-exited-with-error\\n")
    "ModuleNotFoundError: No module named 'numpy'"
    """
    lines = [line.strip() for line in said.splitlines() if re.match(r"\s*\w*error: ", line, re.IGNORECASE)]
    return next((line for line in reversed(lines) if "subprocess-exited" not in line), "pip failed")


def find_python312(given: Path | None) -> Path:
    """Raises LookupError if there is none."""
    places = (
        [given] if given else [Path(one) for one in (shutil.which(f"python3.{minor}") for minor in (12, 13)) if one]
    )
    places += [] if given else sorted((Path.home() / ".pyenv" / "versions").glob("3.12.*/bin/python"))
    for path in places:
        code = "import sys; raise SystemExit(sys.version_info < (3, 12))"
        if subprocess.run([path, "-c", code], capture_output=True).returncode == 0:
            return path
    raise LookupError("needs Python 3.12, which is not here (--python312 PATH)")


def run(command: list[str], variables: Mapping[str, str], said: Path) -> Cost:
    """Run a command to its end, or for LIMIT_S. What it prints goes into a file."""
    with said.open("wb") as file:
        begin = time.perf_counter()
        child = subprocess.Popen(command, env=variables, stdout=file, stderr=file, start_new_session=True)
        ended, peak = threading.Event(), [0.0]
        watch = threading.Thread(target=watch_memory, args=(child.pid, ended, peak))
        watch.start()
        alarm = threading.Timer(LIMIT_S, os.killpg, (child.pid, 9))
        alarm.start()
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        alarm.cancel()
        ended.set()
        watch.join()
    code = 124 if wall >= LIMIT_S else os.waitstatus_to_exitcode(status)
    child.returncode = code
    lines = said.read_text(errors="replace").strip().splitlines()
    last = lines[-1][-300:] if code and lines else ""
    return Cost(used.ru_utime + used.ru_stime, wall, max(peak[0], used.ru_maxrss / 1024), code, last)


def watch_memory(pid: int, ended: threading.Event, peak: list[float]) -> None:
    """Keep the most MiB that a session of processes held together."""
    while not ended.wait(0.05):
        held = 0.0
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if int(path.joinpath("stat").read_text().rsplit(")", 1)[1].split()[3]) == pid:  # its session
                    lines = path.joinpath("smaps_rollup").read_text().splitlines()
                    held += sum(float(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
            except (OSError, IndexError, ValueError):
                continue  # ended meanwhile
        peak[0] = max(peak[0], held)


if __name__ == "__main__":
    main()
