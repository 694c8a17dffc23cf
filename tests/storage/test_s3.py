"""What only S3 lakes know: credentials, stores that break promises, stores that go away."""

import json
import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from s3_proxy import Exchange, proxy
from s3_server import CREDENTIALS, SCRIPT, S3Server, free_port, wait_until_it_answers

from storage import Lake, LakeError, Record, account, content_key, open_lake, patience

SECRET = CREDENTIALS["AWS_SECRET_ACCESS_KEY"]


@pytest.fixture
def nobody(monkeypatch, tmp_path):
    """No AWS variables and no profile of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


class Network:
    """What lies between this process and the store; `fault` can be changed at any moment."""

    def __init__(self):
        self.fault = Exchange.relay

    def refuse_first(self, count, chosen, answer=(503, "SlowDown")):
        """Refuse the first `count` requests that `chosen` likes; returns those refused so far."""
        return self._first(count, chosen, lambda exchange: exchange.refuse(*answer))

    def hang_up_first(self, count, chosen):
        """Do what the first `count` requests that `chosen` likes ask for, and answer nothing."""

        def hang_up(exchange):
            exchange.ask()
            exchange.handler.close_connection = True

        return self._first(count, chosen, hang_up)

    def _first(self, count, chosen, fault):
        struck = []

        def strike(exchange):
            if len(struck) < count and chosen(exchange):
                struck.append(exchange.path)
                fault(exchange)
            else:
                exchange.relay()

        self.fault = strike
        return struck


@pytest.fixture
def network(s3, server, monkeypatch):
    between = Network()
    with proxy(server.endpoint, lambda exchange: between.fault(exchange)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield between


def is_put_of(part):
    return lambda exchange: exchange.method == "PUT" and part in exchange.path


@pytest.mark.parametrize(
    ("changed", "url", "reason"),
    [
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "s3://lake/x", "SignatureDoesNotMatch; the secret"),
        ({"AWS_ACCESS_KEY_ID": "wrong"}, "s3://lake/x", "InvalidAccessKeyId; the key is unknown"),
        ({}, "s3://nowhere/x", "NoSuchBucket; there is no such bucket: create it"),
        ({"AWS_PROFILE": "nobody"}, "s3://lake/x", r"profile \(nobody\) could not be found"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "s3://lake/x", "Invalid endpoint: nonsense"),
        ({}, "s3:///x", "is no place for a lake: write s3://bucket/prefix"),
        ({}, "s3://lake/a b", "letters, digits, _ . - and / in the prefix"),
        ({}, "s3://lake/../x", "letters, digits, _ . - and / in the prefix"),
    ],
)
@pytest.mark.parametrize("mode", ["a", "r"])
def test_what_will_not_mend_is_refused_at_once(s3, monkeypatch, changed, url, reason, mode):
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    start = time.monotonic()
    with pytest.raises(LakeError, match=reason) as refusal:
        open_lake(url, mode=mode)
    assert time.monotonic() - start < 10  # outages are waited for longer
    assert SECRET not in str(refusal.value)


def test_rights_that_end_later_are_named(network, s3, make_label):
    lake = open_lake(s3)
    lake.put(label := make_label(1))
    lake.commit("demo/cycle-000", {"label": [label.key]})
    positions = lake.open()["labels/positions"]
    for status, code, cure in (
        (403, "AccessDenied", "ask for the rights"),
        (400, "ExpiredToken", "renew them"),
        (501, "NotImplemented", "a lake needs conditional writes"),
    ):
        network.fault = lambda exchange, answer=(status, code): exchange.refuse(*answer)
        for work in (
            lambda: lake.get("label", label.key),
            lambda: lake.put(make_label(2)),
            lambda: lake.keys("label"),
            lambda: lake.commit("demo/cycle-001", {}),
            lambda: positions[:],
        ):
            with pytest.raises(LakeError, match=f"{code}.*{cure}"):
                work()


def test_without_credentials_the_way_to_them_is_told(nobody):
    with pytest.raises(LakeError, match="no credentials for S3: set AWS_ACCESS_KEY_ID"):
        open_lake("s3://lake/x")


def test_a_profile_leads_to_the_store(nobody, server, monkeypatch, tmp_path):
    (tmp_path / "config").write_text(
        f"[profile cluster]\nregion = eu-test-1\nendpoint_url = {server.endpoint}\n"
    )
    (tmp_path / "credentials").write_text(
        f"[cluster]\naws_access_key_id = test\naws_secret_access_key = {SECRET}\n"
    )
    monkeypatch.setenv("AWS_PROFILE", "cluster")
    lake = open_lake(f"s3://lake/{tmp_path.name}")
    assert lake.put_blob("greeting", b"hello")
    assert lake.commit("demo/cycle-000", {})
    assert account.account().region == "eu-test-1"


def test_temporary_credentials_are_renewed(nobody, server, monkeypatch, tmp_path):
    process = tmp_path / "credentials.py"
    told = {"Version": 1, "AccessKeyId": "test", "SecretAccessKey": SECRET}
    told["Expiration"] = (datetime.now(UTC) + timedelta(seconds=60)).isoformat()
    process.write_text(
        f"open({str(tmp_path / 'asked')!r}, 'a').write('x'); print({json.dumps(told)!r})"
    )
    (tmp_path / "config").write_text(
        f"[default]\nendpoint_url = {server.endpoint}\n"
        f"credential_process = {sys.executable} {process}\n"
    )
    monkeypatch.setattr(account, "_KEPT", timedelta(0))
    lake = open_lake(f"s3://lake/{tmp_path.name}")

    def asked():
        return len((tmp_path / "asked").read_text())

    before = asked()
    lake.put_blob("first", b"1")
    lake.put_blob("second", b"2")
    assert asked() >= before + 2
    lake.commit("demo/cycle-000", {})
    before = asked()
    lake.repository.list_tags()
    assert asked() > before
    process.write_text("import sys; sys.exit('the session is over')")
    monkeypatch.setattr(patience, "LONGEST_WAIT", 0.2)
    for work in (lambda: lake.put_blob("third", b"3"), lambda: lake.commit("demo/cycle-001", {})):
        with pytest.raises(LakeError, match=r"credentials were not renewed.*the session is over"):
            work()


def test_the_script_says_how_to_reach_the_store(nobody, monkeypatch, tmp_path):
    def said(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return subprocess.run([SCRIPT, tmp_path, "1", "mine"], capture_output=True, text=True)

    assert "choose a key and a secret" in said().stderr
    weed = tmp_path / "bin/weed"
    weed.parent.mkdir()
    weed.write_text("#!/bin/sh\nexit 0\n")
    weed.chmod(0o755)
    told = said(**CREDENTIALS, PATH=f"{weed.parent}:{os.environ['PATH']}").stdout
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_REGION=us-east-1" in told
    assert "s3://mine/" in told


def test_secrets_stay_where_they_are(s3, make_label):
    lake = open_lake(s3)
    lake.put(label := make_label(1))
    lake.commit("demo/cycle-000", {"label": [label.key]})
    group = lake.open()
    for thing in (lake, lake.objects, group):
        assert SECRET.encode() not in pickle.dumps(thing)
        assert SECRET not in repr(thing)
    assert SECRET not in repr(account.account())
    assert SECRET not in repr(vars(lake.objects))
    again = pickle.loads(pickle.dumps(group))
    assert list(again["labels/keys"][:]) == [label.key]


def test_a_store_that_ignores_conditional_writes_is_refused(s3, monkeypatch, tmp_path):
    (tmp_path / "store/lake").mkdir(parents=True)
    port = free_port()
    options = ["serve", "--data-dir", tmp_path / "store", "--host", "127.0.0.1", "--port", port]
    nanio = subprocess.Popen(
        [sys.executable, "-m", "nanio", *map(str, options)],
        env={**os.environ, "NANIO_ACCESS_KEY": "test", "NANIO_SECRET_KEY": SECRET},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until_it_answers(url, nanio)
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(LakeError, match=r"create-only puts.*both told that they won.*use a"):
            open_lake(s3)
        assert not [path for path in (tmp_path / "store/lake").rglob("*") if path.is_file()]
    finally:
        nanio.kill()
        nanio.wait()


@pytest.mark.parametrize(
    ("condition", "promise"),
    [("If-None-Match", "create-only puts"), ("If-Match", "compare-and-swap by etag")],
)
def test_a_store_that_looks_before_it_writes_is_refused(network, s3, server, condition, promise):
    """It keeps conditions of writers one after another, but not of writers at once."""

    def fault(exchange: Exchange) -> None:
        headers = {name.lower(): value for name, value in exchange.headers.items()}
        wanted = headers.pop(condition.lower(), None)
        if wanted is None:
            return exchange.relay()
        found, told, _ = exchange.ask("HEAD", sign(exchange, server, "HEAD", headers))
        time.sleep(0.002)
        etag = {name.lower(): value for name, value in told.items()}.get("etag")
        if (found == 200) if wanted == "*" else (etag != wanted):
            return exchange.refuse(412, "PreconditionFailed")
        exchange.answer(*exchange.ask(headers=sign(exchange, server, "PUT", headers)))

    network.fault = fault
    with pytest.raises(LakeError, match=promise):
        open_lake(s3)
    assert Lake(s3).objects.stranger() is None


def sign(exchange, server, method, headers):
    """Headers of the request as the store would get it from us, without its conditions."""
    kept = {
        name: value
        for name, value in headers.items()
        if name in ("content-type", "host") or (name == "content-length" and method == "PUT")
    }
    body = exchange.body if method == "PUT" else b""
    request = AWSRequest(method, f"http://{kept['host']}{exchange.path}", kept, body)
    S3SigV4Auth(Credentials("test", SECRET), "s3", "us-east-1").add_auth(request)
    return dict(request.headers.items())


def test_a_busy_store_is_waited_for(network, s3, make_label):
    lake = open_lake(s3)
    label = make_label(1)
    for work, answer in (
        (lambda: lake.put(label), (500, "InternalError")),
        (lambda: lake.get("label", label.key), (503, "SlowDown")),
        (lambda: lake.keys("label"), (429, "TooManyRequests")),
        (lambda: lake.has("label", label.key), (503, "ServiceUnavailable")),
        (lambda: lake.kinds(), (400, "RequestTimeout")),
    ):
        refused = network.refuse_first(1, lambda _: True, answer)
        assert work()
        assert len(refused) == 1


@pytest.mark.parametrize("part", ["snapshots.json", "/chunks/", "/manifests/", "/ref.json"])
def test_a_commit_through_hiccups_is_one_commit(network, s3, make_label, part):
    """Answers are lost: more often than Icechunk tries by itself, in every kind of place."""
    lake = open_lake(s3)
    labels = [make_label(seed) for seed in range(2)]
    for cycle, label in enumerate(labels):
        lake.put(label)
        unanswered = network.hang_up_first(4, is_put_of(part))
        lake.commit(f"demo/cycle-00{cycle}", {"label": [label.key]})
        assert unanswered or part in ("snapshots.json", "/chunks/")
    assert lake.tags() == ["demo/cycle-000", "demo/cycle-001"]
    assert len(list(lake.repository.ancestry(branch="main"))) == 1 + 2
    assert list(lake.open()["labels/keys"][:]) == [label.key for label in labels]


def test_a_put_whose_answer_was_lost_is_there_once(network, s3):
    lake = open_lake(s3)
    unanswered = network.hang_up_first(1, is_put_of("/blobs/"))
    assert lake.put_blob("model", b"weights")
    assert unanswered
    assert not lake.put_blob("model", b"others")
    assert lake.get_blob("model") == b"weights"


def test_a_put_whose_answer_was_lost_may_still_have_lost(network, s3):
    lake = open_lake(s3)
    assert lake.put_blob("model", b"weights")
    unanswered = network.hang_up_first(1, is_put_of("/blobs/"))
    assert not lake.put_blob("model", b"others")
    assert unanswered
    assert lake.get_blob("model") == b"weights"


@pytest.mark.parametrize("part", ["/snapshots/", "/manifests/"])
def test_a_store_that_just_started_may_lack_for_a_moment_what_it_keeps(
    network, s3, make_label, part
):
    """Seen where SeaweedFS was killed in commits, three times in 52 kills."""
    labels = [make_label(seed) for seed in range(2)]
    lake = open_lake(s3)
    for label in labels:
        lake.put(label)
    lake.commit("demo/cycle-000", {"label": [labels[0].key]})

    def lacks(exchange):
        return exchange.method == "GET" and part in exchange.path.partition("/snapshots/")[2]

    lake = open_lake(s3)
    refused = network.refuse_first(2, lacks, (404, "NoSuchKey"))
    lake.commit("demo/cycle-001", {"label": [label.key for label in labels]})
    assert len(refused) == 2
    assert lake.tags() == ["demo/cycle-000", "demo/cycle-001"]


def test_what_a_store_lacks_for_longer_is_told(network, s3, make_label, monkeypatch):
    monkeypatch.setattr("storage.s3._START", 0.5)
    lake = open_lake(s3)
    lake.put(label := make_label(0))
    lake.commit("demo/cycle-000", {"label": [label.key]})
    lake = open_lake(s3)
    network.refuse_first(10**6, lambda e: e.path.count("/snapshots/") == 2, (404, "NoSuchKey"))
    with pytest.raises(LakeError, match="snapshot not found"):
        lake.commit("demo/cycle-001", {"label": [label.key]})


def test_a_conflict_that_nobody_won_is_tried_again(network, s3):
    lake = open_lake(s3)
    refused = network.refuse_first(2, is_put_of("/blobs/"), (409, "ConditionalRequestConflict"))
    assert lake.put_blob("model", b"weights")
    assert len(refused) == 2
    assert lake.get_blob("model") == b"weights"


def test_a_torn_answer_is_asked_for_again(network, s3):
    lake = open_lake(s3)
    lake.put_blob("model", bytes(100_000))
    torn = []

    def fault(exchange: Exchange) -> None:
        if len(torn) == 2:
            return exchange.relay()
        torn.append(exchange.path)
        status, headers, body = exchange.ask()
        exchange.answer(status, headers, body[: len(body) // 2])
        exchange.handler.close_connection = True

    network.fault = fault
    assert lake.get_blob("model") == bytes(100_000)
    assert len(torn) == 2


def test_work_waits_for_a_store_that_was_killed(tmp_path, monkeypatch, caplog, make_label):
    server = S3Server(tmp_path / "s3")
    server.start()
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    labels = [make_label(seed) for seed in range(3)]
    lake = open_lake("s3://lake/x")
    for label in labels[:2]:
        lake.put(label)
    lake.commit("demo/cycle-000", {"label": [labels[0].key]})
    positions = lake.open()["labels/positions"]
    fresh = Lake("s3://lake/x")
    server.kill()
    works = (
        lambda: lake.put(labels[2]),
        lambda: lake.get("label", labels[1].key).key == labels[1].key,
        lambda: labels[0].key in lake.keys("label"),
        lambda: lake.commit("demo/cycle-001", {"label": [label.key for label in labels[:2]]}),
        lambda: np.array_equal(positions[:], labels[0].arrays["positions"]),
        lambda: fresh.tags()[0] == "demo/cycle-000",
        lambda: open_lake("s3://lake/x", mode="r").has("label", labels[0].key),
    )
    with caplog.at_level(logging.WARNING, "nearsight.lake"), ThreadPoolExecutor(9) as pool:
        waiting = [pool.submit(work) for work in works]
        time.sleep(1.5)
        assert not any(work.done() for work in waiting)
        server.start()
        assert all(work.result(timeout=60) for work in waiting)
    server.kill()
    said = [record.getMessage() for record in caplog.records]
    assert f"the store {server.endpoint} of the lake s3://lake/x does not answer" in said[0]
    assert "(Connection refused): waited " in said[0]
    assert said[0].endswith("s, will wait up to 15 min")
    assert said[-1].endswith("answers again")
    assert len(said) < 8
    assert not any(SECRET in line for line in said)


def test_patience_has_an_end(s3, monkeypatch):
    lake = open_lake(s3)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(patience, "LONGEST_WAIT", 0.2)
    for work in (
        lambda: Lake(s3).get_blob("model"),
        lambda: Lake(s3).commit("demo/cycle-000", {}),
        lambda: open_lake(s3, mode="r"),
    ):
        with pytest.raises(LakeError, match=r"has not answered.*is in the lake, so run again"):
            work()
    assert lake.put_blob("model", b"weights")


def test_a_store_that_hangs_is_given_up_and_asked_again(network, s3, monkeypatch):
    lake = open_lake(s3)
    record = Record("density", content_key("density", 1), {"log": "x" * 5000}, {})
    lake.put(record)
    lake.commit("demo/cycle-000", {"density": [record.key]})
    metadata = open_lake(s3).open()["density/metadata"]
    hung, released = [], threading.Event()

    def fault(exchange: Exchange) -> None:
        if hung:
            return exchange.relay()
        hung.append(exchange.path)
        released.wait(30)
        exchange.handler.close_connection = True

    network.fault = fault
    monkeypatch.setattr("storage.patient_store.LONGEST_ANSWER", 0.5)
    assert len(metadata[:]) == 1
    assert hung
    released.set()
