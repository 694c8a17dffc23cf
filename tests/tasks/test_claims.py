"""Claims of runs: who goes on where another was, and when."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from waiting import until

from tasks import claims
from tasks.claims import Elsewhere, Taken, claimed, where

ROOT = Path(__file__).parents[2]
KEY = "a" * 64
DIES = """
import os, sys
from storage import open_lake
from tasks.claims import claimed
with claimed(open_lake(sys.argv[1]), "label", sys.argv[2], "another", None):
    print("claimed", flush=True)
    input()
    os._exit(1)
"""


def taken(lake, dead=None):
    """The claim that keeps this run from the work, if one does."""
    try:
        with claimed(lake, "label", KEY, "mine", dead):
            return None
    except Taken as other:
        return other.claim


@pytest.fixture
def foreign(lake):
    """A claim of a run on another machine."""
    owner = {"run": "theirs", "node": "far", "machine": "far", "pid": 1, "started": 0.0}
    return lake.claims.take("label", KEY, json.dumps(owner))


def test_a_run_leaves_alone_what_another_is_at(lake, foreign):
    assert taken(lake) == foreign
    assert where(foreign) == "far"
    assert lake.claims.holder("label", KEY) == foreign
    lake.claims.give_back(foreign)
    with claimed(lake, "label", KEY, "mine", None):
        assert json.loads(lake.claims.holder("label", KEY).owner)["run"] == "mine"
    assert lake.claims.holder("label", KEY) is None


def test_a_claim_of_the_same_run_is_taken_over(lake, foreign):
    with claimed(lake, "label", KEY, "theirs", None):
        pass
    assert lake.claims.holder("label", KEY) is None


def test_a_claim_that_was_found_dead_is_taken_over_but_not_if_it_lives_after_all(lake, foreign):
    lives = lake.claims.renew(foreign)
    assert taken(lake, dead=foreign) == lives
    assert taken(lake, dead=lives) is None


def test_a_claim_of_a_process_of_this_machine_lasts_as_long_as_that(lake):
    process = subprocess.Popen(
        [sys.executable, "-c", DIES, lake.url, KEY],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout.readline() == b"claimed\n"
    assert taken(lake) is not None
    process.communicate(b"\n")
    assert taken(lake) is None


def test_who_is_at_work_says_so_and_ends_with_its_work(lake, monkeypatch):
    monkeypatch.setattr(claims, "BEAT", 0.05)

    def work(beats):
        with claimed(lake, "label", KEY, "mine", None):
            until(lambda: lake.claims.beats("label")[KEY] >= beats, 60.0)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work(beats=3)
    assert lake.claims.beats("label") == {}
    assert not any(thread.name == "claim" for thread in threading.enumerate())


def test_pieces_of_others_are_watched_until_they_end_or_their_holders_die(lake, foreign):
    elsewhere = Elsewhere(lake)
    assert not elsewhere
    assert elsewhere.wait is None
    living = lake.claims.take("label", "b" * 64, foreign.owner)
    ending = lake.claims.take("walk", "c" * 64, foreign.owner)
    for claim in (foreign, living, ending):
        elsewhere.add(claim.key, claim)
    assert 0.0 < elsewhere.wait <= claims.LOOK
    lake.claims.give_back(ending)
    assert elsewhere.look() == {"c" * 64: None}
    for _ in range(claims.LOOKS - 2):
        assert elsewhere.look() == {}
        living = lake.claims.renew(living)
    assert elsewhere.look() == {KEY: foreign}
    assert elsewhere  # the living one
