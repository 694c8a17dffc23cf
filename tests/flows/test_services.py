import os
import re
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml
from prefect.client.schemas.filters import FlowRunFilter
from upstart import nearsight

from flows.cli.run import FLOWS
from flows.cli.study import STUDIES
from flows.daemons import Daemon
from flows.parameters import BadParameters
from flows.registry import DEPLOYMENTS
from flows.reproduction.results import RESULTS
from flows.services import NotUp, Wanted, daemons, up
from storage import open_lake

FILE = yaml.safe_load((DEPLOYMENTS / "prefect.yaml").read_text())


def test_it_says_where_it_is_and_what_to_do(services):
    address = services.api.removesuffix("/api")
    assert f"Prefect   {address}\n" in services.said
    assert f"worker    site here; flows run in {services.folder}\n" in services.said
    assert f"{address}/deployments" in services.said
    assert "nearsight down" in services.said


def test_everything_listens_on_loopback_only(services):
    pids = {Daemon(name, services.home).notes()["pid"] for name in ("server", "store", "worker")}
    mine = {str(fd.readlink()) for pid in pids for fd in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [
        row.split()
        for table in ("tcp", "tcp6")
        for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
    ]
    listening = [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in mine]
    assert len(listening) > 2
    assert {address.partition(":")[0] for address in listening} == {"0100007F"}


def test_it_serves_reports_that_can_ask_nothing_of_it(services):
    address = services.api.removesuffix("/api")
    (services.home / "pages" / "mine.html").write_text("<html>mine</html>")
    with urllib.request.urlopen(f"{address}/reports/mine.html") as answer:
        assert answer.read() == b"<html>mine</html>"
        assert answer.headers["Content-Security-Policy"] == "sandbox allow-scripts"
    for other in ("", "none.html", "../server.log", "%2e%2e/server.log"):
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}/reports/{other}")


def test_every_flow_is_deployed(client):
    deployed = {d.entrypoint.rpartition(".")[2] for d in client.read_deployments()}
    studies = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in STUDIES}
    others = {"force_matching", "dataset", "bootstrap", "pretrain", "status"}
    assert deployed == set(FLOWS) | studies | others | {"reproduce"}
    assert len(FILE["deployments"]) == len(deployed) - 1 + len(RESULTS)


def test_every_result_of_the_paper_is_deployed(client):
    deployed = [d for d in client.read_deployments() if d.entrypoint.endswith(".reproduce")]
    here = [d for d in deployed if d.work_pool_name == "here"]  # other tests deploy sites of theirs
    assert {d.name: d.parameters for d in here} == {
        f"here-{name}": {"spec": {"result": name}} for name in RESULTS
    }


def test_the_nightly_status_is_scheduled_and_the_example_is_not(client):
    status, example = (client.read_deployment_by_name(f"{f}/here") for f in ("status", "al_cycle"))
    ahead = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(state={"type": {"any_": ["SCHEDULED"]}})
    )
    scheduled = {run.deployment_id for run in ahead}  # other tests leave runs of theirs
    assert status.id in scheduled
    assert example.id not in scheduled
    assert [schedule.active for schedule in example.schedules] == [False]


def test_up_again_says_that_it_is_up(services):
    again = services.command("up")
    assert again.returncode == 0
    assert again.stdout.startswith("It is up already.\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--site", "b"], "the worker is up already, with site here, not b"),
        (["--port", "9"], r"the server is up already, with port \d+, not 9"),
        (["elsewhere"], r"the worker is up already, with folder .+, not .+elsewhere"),
    ],
)
def test_what_runs_otherwise_is_not_changed(services, words, sentence):
    said = services.command("up", *words)
    assert said.returncode == 2
    assert re.search(sentence, said.stderr)


def test_what_died_is_told_and_started_anew(services, client):
    worker = Daemon("worker", services.home)
    before = worker.notes()["pid"]
    os.kill(before, signal.SIGKILL)
    said = services.command("up")
    assert "The worker had ended: " in said.stdout
    assert "It is up.\n" in said.stdout
    assert worker.runs()
    assert worker.notes()["pid"] != before
    assert worker.notes()["folder"] == str(services.folder)
    assert [w.name for w in client.read_workers_for_work_pool("here")] == ["here"]


def test_the_store_is_opened_by_the_keys_that_are_told(services, monkeypatch):
    keys = services.home / "s3.env"
    assert str(keys) in services.said
    assert keys.stat().st_mode & 0o077 == 0
    for pair in re.findall(r"(AWS_\w+)=(\S+)", keys.read_text()):
        monkeypatch.setenv(*pair)
        assert pair[1] not in services.said or pair[0] in ("AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL")
    assert open_lake("s3://lake/of-mine").kinds() == []


def test_a_port_that_is_taken_is_told(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        home = ["--home", str(tmp_path / "home")]
        said = nearsight("up", *home, "--port", str(port), cwd=tmp_path)
    assert said.returncode == 2
    assert f"port {port} is taken by another program: name another with --port" in said.stderr
    assert nearsight("down", *home, cwd=tmp_path).stdout == "Nothing was up.\n"


@pytest.mark.parametrize(
    ("site", "sentence"),
    [
        ("My hall", "'My hall' is no name for a site: small letters, digits and hyphens make one"),
        ("none.yaml", "none.yaml cannot be read: No such file"),
        ("odd.yaml", "odd.yaml: there is no field 'gpu'"),
    ],
)
def test_a_site_that_is_none_is_told_before_anything_starts(tmp_path, site, sentence):
    (tmp_path / "odd.yaml").write_text("gpu: {workers: 2}")
    home = tmp_path / "home"
    with pytest.raises((NotUp, BadParameters), match=sentence):
        up(home, Wanted(site=str(tmp_path / site) if "." in site else site), print)
    assert not any(daemon.notes() for daemon in daemons(home))


def test_a_server_to_join_that_is_not_there_is_told(tmp_path):
    home = ["--home", str(tmp_path / "home")]
    said = nearsight("up", *home, "--server", "http://127.0.0.1:9/api", cwd=tmp_path)
    assert said.returncode == 2
    assert "no answer from the Prefect server at http://127.0.0.1:9/api" in said.stderr
