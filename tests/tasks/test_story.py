import threading
import time

import pytest
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.context import FlowRunContext
from prefect.settings import PREFECT_API_URL, temporary_settings
from s3_proxy import proxy
from waiting import until

from tasks.progress import Tally
from tasks.story import Story, how_far, slug


def table(text, key="campaign-cycle-1"):
    return ArtifactCreate(type="table", key=key, description=text, data="[]")


def told(story):
    """What a flow run shows that tells `story(...)`, by key."""

    @flow(name="told", persist_result=False)
    def teller():
        story()
        return FlowRunContext.get().flow_run.id

    run = teller()
    with get_client(sync_client=True) as client:
        artifacts = client.read_artifacts(
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run]))
        )
    shown = {artifact.key: artifact for artifact in artifacts}
    assert len(shown) == len(artifacts)
    return shown


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr("tasks.story.INTERVAL", 0.05)


def test_what_is_told_again_takes_the_place_of_what_was_told(prefect, often):
    def story():
        with Story() as teller:
            teller.tell("cycle", table("first"))
            teller.tell("other", table("other", key="other"))
            until(lambda: not teller._pending, 30.0)
            teller.tell("cycle", table("second"))

    shown = told(story)
    assert {key: a.description for key, a in shown.items()} == {
        "campaign-cycle-1": "second",
        "other": "other",
    }


def test_progress_shows_as_it_is(prefect, often):
    def story():
        with Story() as teller:
            tally = teller.count("cycle 1", "walk", ["a", "b"], {"c", "d"})
            tally.update("a", 0.5)
            assert teller.count("cycle 1", "scores", ["e"], set()) is None
            assert teller.found("cycle 1", "walks") == 2
            assert teller.found("cycle 1", "labels") == 0

    (shown,) = told(story).values()
    assert shown.type == "progress"
    assert shown.key.endswith("-walks")
    assert shown.description == "cycle 1: 2 of 4 walks, 2 of them found in the lake"
    assert shown.data == 62.5


def test_a_stage_that_was_found_whole_has_no_progress(prefect):
    def story():
        with Story() as teller:
            teller.count("cycle 1", "walk", [], {"a"})

    assert told(story) == {}


def test_what_is_tried_again_was_not_found():
    with Story() as teller:
        for rows, found in ((["a", "b"], {"c"}), (["b"], {"a", "c"})):
            teller.count("cycle 1", "label", rows, found)
        assert teller.found("cycle 1", "labels") == 2 - 1 + 1


def test_a_server_that_is_away_delays_nothing_and_hears_of_it_later(prefect, often):
    away = threading.Event()
    away.set()
    asked = []

    def fault(exchange):
        if exchange.path.endswith("/artifacts/"):
            asked.append(exchange.path)
            if away.is_set():
                raise ConnectionError
        exchange.relay()

    def story():
        with proxy(PREFECT_API_URL.value().removesuffix("/api"), fault) as address:
            with temporary_settings({PREFECT_API_URL: f"{address}/api"}):
                teller = Story()
            with teller:
                began = time.monotonic()
                teller.tell("cycle", table("first"))
                until(lambda: asked, 30.0)
                teller.tell("cycle", table("second"))
                away.clear()
            assert time.monotonic() - began < 30

    assert told(story)["campaign-cycle-1"].description == "second"


def test_a_server_that_never_answers_is_not_waited_for(prefect, often, monkeypatch):
    monkeypatch.setattr("tasks.story.LAST_WORDS", 0.2)
    over = threading.Event()

    def story():
        with proxy(PREFECT_API_URL.value().removesuffix("/api"), lambda _: over.wait()) as address:
            with temporary_settings({PREFECT_API_URL: f"{address}/api"}):
                teller = Story()
            began = time.monotonic()
            with teller:
                teller.tell("cycle", table("first"))
                time.sleep(0.2)
            assert time.monotonic() - began < 10.0
            over.set()

    assert told(story) == {}


def test_what_the_server_refuses_is_dropped(prefect, often):
    def fault(exchange):
        if b"wrong" in exchange.body:
            exchange.answer(422, {}, b"{}")
        else:
            exchange.relay()

    def story():
        with proxy(PREFECT_API_URL.value().removesuffix("/api"), fault) as address:
            with temporary_settings({PREFECT_API_URL: f"{address}/api"}):
                teller = Story()
            with teller:
                teller.tell("wrong", table("wrong", key="wrong"))
                teller.tell("right", table("right"))
                until(lambda: not teller._pending, 30.0)

    assert set(told(story)) == {"campaign-cycle-1"}


def test_outside_of_a_flow_nothing_is_told():
    with Story() as story:
        story.tell("cycle", table("first"))
        assert story.since("cycle") < 1.0 <= 1.0 + story.since("never")


@pytest.mark.parametrize(
    ("counted", "words"),
    [("labels", "1 of 2 labels"), ("epochs", "75% of the epochs of 2 models")],
)
def test_how_far_it_is(counted, words):
    assert how_far(Tally(fractions={"a": 1.0, "b": 0.5}), counted) == words


def test_names_become_keys():
    assert slug("force matching S_ld-2/1") == "force-matching-s-ld-2-1"
