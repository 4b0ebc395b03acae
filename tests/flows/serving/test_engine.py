"""Steps and flows without a server: plain calls; and errors that tell nothing about patients where they are tracked."""

import errno
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from prefect import flow, task
from prefect.settings import PREFECT_API_AUTH_STRING, temporary_settings

from features.core.errors import RadweaveError
from features.core.progress import tell
from flows.serving.address import server_fault
from flows.serving.engine import UnknownError, _discreet, gpu_slot, name_run, run_body, run_flow, run_step
from tasks.index import index_scans
from tasks.running.pool import Pool
from tasks.running.runners.processes import Processes
from tasks.tables import read_tables


@task
def double(number: int) -> int:
    return 2 * number


@flow
def twice(number: int = 1) -> int:
    return run_body(lambda board: run_step(double, number))


def test_without_a_server_flows_and_steps_are_plain_calls() -> None:
    assert run_flow(twice, 4) == 8


def test_without_a_server_faults_and_bugs_are_raised_as_they_are() -> None:
    def fail(board: object) -> None:
        tell("work", 1, 2)
        raise KeyError("P-0017")

    with pytest.raises(KeyError, match="P-0017"):
        run_body(fail)


def test_without_a_run_no_slot_is_waited_for_and_nothing_is_named() -> None:
    with gpu_slot():
        name_run("a name")


class Answers(BaseHTTPRequestHandler):
    """A server that answers a count below /api, to whom has the password, and a page everywhere else."""

    def do_POST(self) -> None:
        known = self.headers.get("authorization") == "Basic bWU6c2VjcmV0"
        code = 404 if not self.path.startswith("/api/") else 200 if known else 401
        self.send_response(code)
        self.end_headers()
        self.wfile.write(b"3" if code == 200 else b"<html>")

    def log_message(self, *_: object) -> None:
        pass


def test_what_is_wrong_with_the_server_that_is_named_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        assert "asks for a password: set PREFECT_API_AUTH_STRING" in str(server_fault(f"{url}/api"))
        with temporary_settings({PREFECT_API_AUTH_STRING: "me:secret"}):
            assert server_fault(f"{url}/api") is server_fault(f"{url}/api/") is None
        assert "answers no Prefect API: its address ends with /api" in str(server_fault(url))
        server.shutdown()
    assert "does not answer: start it" in str(server_fault(f"{url}/api"))
    for wrong in ("nonsense", "ftp://host/api", " "):
        assert "no address of a server: give one such as http" in str(server_fault(wrong))


def test_an_unknown_error_of_a_tracked_step_tells_its_place_and_no_text() -> None:
    def fail() -> None:
        raise ValueError("patient Doe, Jane has no image")

    with pytest.raises(UnknownError) as told:
        _discreet(fail)()
    assert "Doe" not in str(told.value) and told.value.__cause__ is None
    assert "ValueError in fail, line " in str(told.value)
    assert "without PREFECT_API_URL to read its text" in str(told.value)


def test_a_bug_keeps_its_traceback_and_that_of_what_led_to_it_without_their_texts() -> None:
    def open_image() -> None:
        raise KeyError("patient Doe, Jane")

    def fail() -> None:
        try:
            open_image()
        except KeyError as error:
            raise ValueError("Doe has no image") from error

    with pytest.raises(UnknownError) as told:
        _discreet(fail)()
    first, second = told.value.traceback.split("which led to")
    assert "in open_image\n" in first and first.strip().endswith("KeyError (its text is not shown)")
    assert "in fail\n" in second and second.endswith("ValueError (its text is not shown)")
    assert f'File "{__file__}", line ' in second


def test_a_bug_in_a_worker_process_keeps_the_way_to_it() -> None:
    names = ["1", "Doe, Jane"]
    with Pool(Processes(workers=1)) as pool, pytest.raises(ValueError) as raised:
        pool.map(int, names, "numbers")
    told = UnknownError(raised.value).traceback
    assert "Doe" not in told
    assert re.search(r'File ".*/pool\.py", line \d+, in _one_by_one', told)


def test_an_error_of_files_keeps_its_kind_and_loses_the_file() -> None:
    def fail(error: OSError) -> None:
        raise error

    with pytest.raises(PermissionError) as told:
        _discreet(fail)(PermissionError(errno.EACCES, "no", "/data/Doe_Jane.dcm"))
    assert (told.value.errno, told.value.filename) == (errno.EACCES, None)
    with pytest.raises(ConnectionError, match="^ConnectionError$"):
        _discreet(fail)(ConnectionError("ftp://Doe"))


def test_faults_of_the_user_pass_with_their_words() -> None:
    def fail() -> None:
        raise RadweaveError("there is no cohort")

    with pytest.raises(RadweaveError, match="there is no cohort"):
        _discreet(fail)()


@pytest.mark.parametrize("step", [index_scans, read_tables])
def test_reading_files_is_retried_with_growing_pauses(step) -> None:
    assert step.retries == 3
    assert step.retry_delay_seconds == [10, 20, 40]
    assert step.retry_jitter_factor == 0.5
