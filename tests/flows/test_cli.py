"""The command line as a user meets it: help, faults, exit codes."""

import re
import socket
from pathlib import Path

import pytest

from features.core.storage.store import Store
from features.results.manifest import CohortState, commit, newest
from flows.cli import GROUPS, app, choose_runner
from flows.configuration import left_out
from flows.named import study_files
from flows.screen import Screen, table_of
from tasks.running.runners.dask import Dask
from tasks.running.runners.processes import Processes
from tasks.running.runners.threads import Threads
from tests.support.catalog import cohort_of, file_images, write_catalog

COMMANDS = (
    "demo",
    "simulate",
    "check",
    "refresh",
    "study",
    "score",
    "score-new",
    "explain",
    "export-scores",
    "seal",
    "recalibrate",
    "query",
    "export",
    "extract",
    "features",
    "status",
    "serve",
    "prepare",
)
COMMANDS += ("history", "diff", "withdraw", "restore", "restart-audit", "verify", "gc", "pseudonym")
COMMANDS += ("backbones", "studies", "stability", "agreement", "map", "make-key", "adopt-key", "rekey")
COMMANDS += (
    "init",
    "quarantine",
    "quality",
    "deidentify",
    "export-seg",
    "standardise",
    "contour",
    "list",
    "schema",
    "series",
)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(command, name) -> None:
    assert "Usage" in command(name, "--help").stdout


def test_all_commands_are_listed() -> None:
    names = {command.callback.__name__.replace("_", "-") for command in app.registered_commands}
    assert names == set(COMMANDS)


def test_every_command_stands_in_one_group_of_the_help(command) -> None:
    """A newcomer reads groups from the first to the last: none is left over under "Commands"."""
    groups = [one.rich_help_panel for one in app.registered_commands]
    assert set(groups) == GROUPS.keys()
    shown = command("--help").stdout
    assert "─ Commands ─" not in shown
    places = [shown.index(f"─ {name} ─") for name in GROUPS]
    assert places == sorted(places)


@pytest.mark.parametrize("name", ["demo", "refresh", "study", "serve", "stability"])
def test_whatever_computes_lets_its_runner_be_chosen(command, name) -> None:
    shown = command(name, "--help").stdout
    for option in ("--runner", "--workers", "--scheduler", "--memory", "--timeout", "RADWEAVE_RUNNER"):
        assert option in shown


def test_options_become_a_runner() -> None:
    assert choose_runner(None, None, "", None, None) == Processes()
    assert choose_runner("threads", 3, "", 1.5, None) == Threads(workers=3, memory_gib=1.5)
    assert choose_runner("dask", 2, "", None, 60) == Dask(workers=2, timeout_s=60)
    assert choose_runner(None, None, "tcp://node:8786", None, None) == Dask(scheduler_address="tcp://node:8786")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runner", "threads", "--timeout", 9], "--timeout: a thread cannot be ended"),
        (["--runner", "threads", "--scheduler", "tcp://x:1"], "only --runner dask has one; found --runner threads"),
        (["--workers", 2, "--scheduler", "tcp://x:1"], "the cluster of --scheduler tcp://x:1 has its own"),
        (["--runner", "ponies"], "'threads', 'processes', 'dask'"),
        (["--memory", 0], "--memory"),
    ],
)
def test_options_that_contradict_each_other_are_refused(command, tmp_path: Path, options, message) -> None:
    assert message in command("refresh", "builtin", "--store", tmp_path, *options, code=2).stderr


@pytest.mark.parametrize("options", [["--output", "scores"], ["--suppress-below", 3], ["--workers", 2]])
def test_options_of_a_package_are_refused_of_a_saved_model(command, options) -> None:
    found = command("score", "response", "one", *options, code=2).stderr
    assert f"{options[0]} goes with a package; found the model response" in found


def test_the_runner_may_stand_in_the_environment(command, tmp_path: Path) -> None:
    found = command("refresh", "builtin", "--timeout", 9, "--store", tmp_path, code=2, RADWEAVE_RUNNER="threads")
    assert "a thread cannot be ended" in found.stderr


def test_the_version_is_told(command) -> None:
    assert re.fullmatch(r"radweave \d+\.\d+.*\n", command("--version").stdout)


@pytest.mark.parametrize(
    "arguments",
    [["history"], ["verify"], ["gc"], ["quarantine"], ["withdraw", "one:p1"], ["restore", "one:p1"]],
    ids=" ".join,
)
def test_a_store_that_is_not_there_is_not_made(command, tmp_path: Path, arguments) -> None:
    found = command(*arguments, "--store", tmp_path / "stroe", code=4).stderr
    assert "stroe: there is no store; give --store" in found
    assert not (tmp_path / "stroe").exists()


def test_a_damaged_audit_of_a_store_without_refreshes_says_that_none_is_left(command, tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.root.mkdir()
    store.withdrawals.write_text("[")
    found = command("restart-audit", "--store", store.root, code=4).stderr
    assert "store: no refresh is left that tells who was withdrawn. Restore the audit from a backup" in found
    assert store.withdrawals.read_text() == "["


@pytest.mark.parametrize("arguments", [["status"], ["query"], ["refresh", "builtin"], ["study", "builtin_response"]])
def test_a_store_that_is_a_file_is_the_users_fault(command, tmp_path: Path, arguments) -> None:
    (tmp_path / "file").touch()
    found = command(*arguments, "--store", tmp_path / "file", code=4).stderr
    assert "file" in found and "Not a directory" in found and "Traceback" not in found


def test_a_cohort_cannot_be_simulated_below_a_file(command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot be made: Not a directory" in command("simulate", tmp_path / "file" / "x", code=4).stderr


def test_a_missing_catalog_says_how_to_name_one(command, tmp_path: Path) -> None:
    found = command("check", "--catalog", tmp_path / "x.yaml", code=2).stderr
    assert "x.yaml: there is no such file; name it by --catalog or RADWEAVE_CATALOG" in found


def test_refreshes_are_compared_forwards_and_for_cohorts_that_there_are(command, small: Store) -> None:
    assert "name the earlier refresh first" in command("diff", 2, 1, "--store", small.root, code=2).stderr
    found = command("diff", "--cohort", "tow", "--store", small.root, code=2).stderr
    assert 'the refreshes have no cohort "tow"; they have one, two. Did you mean "two"?' in found


def test_names_in_brackets_are_shown_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    with Screen() as screen:
        screen.show([table_of("[b]t[/b]", {"[i]": ["[/x]:smile:"]}), "a[bold]b"])
    shown = capsys.readouterr().out
    assert all(text in shown for text in ("[b]t[/b]", "[i]", "[/x]:smile:", "a[bold]b"))


def test_unknown_cohort_exits_with_2_and_the_nearest_name(command, tmp_path: Path) -> None:
    found = command("refresh", "builtn", "--store", tmp_path, code=2)
    assert 'there is no cohort "builtn"' in found.stderr
    assert 'Did you mean "builtin"?' in found.stderr
    assert "Traceback" not in found.stderr


def test_missing_data_folder_names_the_variable(command, tmp_path: Path) -> None:
    found = command("refresh", "sts", "--store", tmp_path, code=2, RADWEAVE_STS="")
    assert "set the environment variable RADWEAVE_STS" in found.stderr


def test_refresh_of_some_and_of_all_cohorts_at_once_says_what_to_say(command) -> None:
    assert "name the cohorts to refresh, or say --all, not both" in command("refresh", "one", "--all", code=2).stderr


def test_faulty_catalog_reports_every_fault_with_its_line(command, tmp_path: Path) -> None:
    catalog = tmp_path / "data_catalog.yaml"
    catalog.write_text(
        "version: 1\ncohorts:\n  one:\n    title: x\n    licence: CC0\n    root: .\n    centres: {A: {}}\n    images:\n"
        "    - {format: nifti, centre: A, modality: PET, unit: SUV, path: 'x',\n"
        "       mask: {format: nifti, path: '{patient}.nii'}}\n    titel: y\n"
    )
    found = command("check", "--catalog", catalog, code=2).stderr
    assert "faults in the configuration" in found
    assert f"{catalog}:9" in found and 'did you mean "PT"?' in found
    assert f"{catalog}:11" in found and 'did you mean "title"?' in found


def test_faulty_study_reports_words_that_nobody_knows(command, tmp_path: Path) -> None:
    study = tmp_path / "mine.yaml"
    study.write_text(
        "cohorts: [builtin]\nendpoint: respons\nrecipes: [ct_lungs]\nblocks: {r: [radiomics]}\nmodels: [svm, coxnet]\n"
    )
    found = command("check", study, code=2).stderr
    assert "models of one study predict one kind of endpoint" in found
    recipe = "modality: CT\nunit: HU\ndiscretise: {bin_width: 5}\nextractors: [radweave]\n"
    for name, text in (
        ("ct_own", recipe.replace("HU", "UH")),
        ("pet", recipe.replace("CT", "PT").replace("HU", "SUV")),
        ("a/twin", recipe),
        ("b/twin", recipe.replace("5}", "6}")),
    ):
        (tmp_path / name).with_suffix(".yaml").parent.mkdir(exist_ok=True)
        (tmp_path / name).with_suffix(".yaml").write_text(text)
    recipes = "\n".join(
        f"- {one}" for one in ("ct_lungs", "./ct_onw.yaml", "./ct_own.yaml", "pet.yaml", "a/twin.yaml", "b/twin.yaml")
    )
    study.write_text(
        f"cohorts: [builtin]\nendpoint: respons\nrecipes:\n{recipes}\nblocks: {{r: [radiomics]}}\nmodels: [svm]\n"
    )
    found = command("check", study, code=2).stderr
    assert "6 faults in the configuration" in found
    assert f'{study}:2: unknown endpoint of cohort builtin; found "respons"' in found
    assert f'{study}:4: unknown recipe; found "ct_lungs"; allowed: ct_lung, ' in found
    assert 'or a YAML file; did you mean "ct_lung"?' in found
    nowhere = f'{study}:5: there is no file {tmp_path / "ct_onw.yaml"}, which the recipe "./ct_onw.yaml" means'
    assert f'{nowhere}; did you mean "ct_own.yaml"?' in found
    assert f"{tmp_path / 'ct_own.yaml'}:2: unit: " in found
    assert f'{study}:7: recipe pet is for PT in SUV: cohort "builtin" has CT in HU' in found
    assert f'{study}:9: the name "twin" is taken by {study}:8, which differs in discretise' in found


def test_check_accepts_what_comes_with_radweave(command) -> None:
    found = command("check").stdout
    assert "2 cohorts" in found
    assert "5 studies: no faults" in found
    assert "left out" not in found


def test_check_knows_a_recipe_from_a_study_and_says_what_another_file_is(command) -> None:
    root = Path(__file__).parents[2]
    flows = root / "flows"
    found = command("check", flows / "recipes" / "ct_lung.yaml").stdout
    assert f"{flows / 'recipes' / 'ct_lung.yaml'}: no faults; for cohort builtin" in found
    assert "study" not in found
    found = command("check", "builtin_response", flows / "recipes" / "ct_lung.yaml").stdout
    assert "ct_lung.yaml: no faults" in found and "1 study: no faults" in found
    told = command("check", root / "data_catalog.yaml", code=2).stderr
    assert "data_catalog.yaml: is a catalog, and no study; a catalog is named by --catalog" in told
    told = command("check", "--catalog", flows / "studies" / "builtin_response.yaml", code=2).stderr
    assert "builtin_response.yaml: is a study, and no catalog; a study is named by itself" in told
    told = command("backbones", flows / "recipes" / "ct_lung.yaml", code=2).stderr
    assert "is a recipe, and no weights card" in told


def test_check_judges_the_studies_that_can_run_on_the_catalog_and_names_the_others(command, tmp_path: Path) -> None:
    """The rule of `study --catalog`: whichever catalog a study names, the cohorts of the one that is given count."""
    catalog, mine = write_catalog(tmp_path, one=cohort_of(IMAGES)), tmp_path / "mine.yaml"
    found = command("check", "--catalog", catalog).stdout
    assert "no study of radweave is of these cohorts" in found and "no faults" not in found and "left out" not in found
    other = write_catalog(tmp_path / "other", builtin=cohort_of(IMAGES), sts=cohort_of(IMAGES))
    shown = left_out(study_files().values(), catalog)
    assert all(str(Path(__file__).parents[2] / "data_catalog.yaml") in why for why in shown.values())
    assert len(shown) == 5 and left_out(study_files().values(), other) == {}
    for named in ("", "catalog: gone.yaml\n", "catalog: data_catalog.yaml\n"):
        mine.write_text(f"{named}cohorts: [onee]\nendpoint: os\nblocks: {{r: [clinical]}}\nmodels: [svm]\n")
        for words in (("check", mine), ("study", mine, "--store", tmp_path / "store")):
            told = command(*words, "--catalog", catalog, code=2).stderr
            assert 'unknown cohort; found "onee"; allowed: one; did you mean "one"?' in told
    assert list(left_out([mine], catalog)) == []  # it names the catalog as its own
    mine.write_text(mine.read_text().removeprefix(named))
    assert list(left_out([mine], catalog)) == [mine]


def test_check_judges_radweave_s_studies_with_a_simulated_catalog(command, tmp_path: Path) -> None:
    command("simulate", tmp_path / "cohort", "--centres", 1, "--patients-per-centre", 1)
    found = command("check", "--catalog", tmp_path / "cohort" / "data_catalog.yaml").stdout
    assert "3 studies: no faults" in found
    assert "2 studies left out (sts_metastasis, sts_recurrence): this catalog has no cohort sts" in found


def test_an_empty_store_says_what_to_do(command, tmp_path: Path) -> None:
    assert "run radweave refresh" in command("status", "--store", tmp_path).stdout
    assert "run radweave refresh" in command("query", "--store", tmp_path, code=4).stderr
    assert "run radweave refresh builtin" in command("study", "builtin_response", "--store", tmp_path, code=4).stderr


def test_all_cohorts_means_those_that_are_here(command, tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path, one=cohort_of(file_images(modality="PT", unit="SUV"), root="${NOT_SET}"))
    found = command("refresh", "--all", "--catalog", catalog, "--store", tmp_path / "store", code=3).stderr
    assert "no cohort of the catalog is here" in found
    assert "set the environment variable NOT_SET" in found


IMAGES = file_images("images/{patient}_CT.nii", "images/{patient}_GTV.nii")


def test_a_refresh_that_would_drop_columns_is_refused_unless_they_are_named(command, tmp_path: Path) -> None:
    catalog, store = write_catalog(tmp_path, one=cohort_of(IMAGES)), Store(tmp_path / "store")
    (tmp_path / "images").mkdir()
    settings = {"radweave__ct_liver__": "1", "old_net__ct_lung__": "2"}
    commit(store, "one", CohortState(key="1", settings=settings), {}, newest(store))
    ask = ("refresh", "one", "--catalog", catalog, "--store", store.root, "--runner", "threads")
    refused = command(*ask, code=2).stderr
    assert 'cohort "one": this refresh would drop columns that its tables hold' in refused
    assert 'radweave__ct_liver__* (recipe "ct_liver" is not here)' in refused
    assert 'old_net__ct_lung__* (recipe "ct_lung" has fewer extractors, images or ROIs here)' in refused
    assert "Name the recipe or its file by --recipe, or drop its columns" in refused
    assert "--drop ct_liver" in refused and "--drop ct_lung" in refused
    assert "--drop ct_lung" in command(*ask, "--drop", "ct_liver", code=2).stderr
    assert newest(store).refresh == 1
    refreshed = command(*ask, "--drop", "ct_liver", "--drop", "ct_lung")
    assert 'centre A, CT: no file fits the path "images/{patient}_CT.nii"; there is no other file' in refreshed.stderr
    assert "SOURCE_UNMATCHED 2" in refreshed.stdout
    kept = newest(store).cohorts["one"].settings
    assert "radweave__ct_lung__" in kept and not settings.keys() & kept.keys()
    write_catalog(tmp_path, one=cohort_of({**IMAGES, "modality": "MR", "unit": "arbitrary"}))
    unfit = command(*ask, code=2).stderr
    assert '(recipe "ct_lung" fits no image of the cohort any more)' in unfit


@pytest.mark.slow
def test_a_recipe_that_was_asked_for_once_is_extracted_until_it_is_dropped(command, tmp_path: Path) -> None:
    catalog, store = write_catalog(tmp_path, one=cohort_of(IMAGES)), Store(tmp_path / "store")
    (tmp_path / "images").mkdir()
    ask = ("refresh", "one", "--catalog", catalog, "--store", store.root, "--runner", "threads")

    def built() -> set[str]:
        return {prefix.split("__")[1] for prefix in newest(store).cohorts["one"].settings}

    command(*ask)
    assert built() == {"ct_lung"}
    command(*ask, "--recipe", "ct_lung", "--recipe", "ibsi/a")
    command(*ask)
    assert built() == {"ct_lung", "ibsi_a"}
    command(*ask, "--drop", "ibsi_a")
    assert built() == {"ct_lung"}


def test_a_port_in_use_is_said_before_a_server_starts(command, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} is in use" in command("serve", "--port", port, "--store", tmp_path / "s", code=2).stderr


def test_a_folder_in_use_is_not_simulated_into(command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    assert "is not an empty folder" in command("simulate", tmp_path, code=2).stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
