"""Claims: one holder at a time, and the dead are replaced."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from storage import open_lake
from storage.clean import remove, waste

KEY, OTHER = "a" * 64, "b" * 64


def race(function, count=8):
    start = threading.Barrier(count)

    def run(number):
        start.wait()
        return function(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(run, range(count)))


def test_a_claim_is_held_until_it_is_given_back(lake):
    claim = lake.claims.take("label", KEY, "me")
    assert lake.claims.take("label", KEY, "you") is None
    assert lake.claims.take("label", OTHER, "you") is not None
    for beats in range(1, 4):
        claim = lake.claims.renew(claim)
        assert claim.beat == beats
        assert lake.claims.take("label", KEY, "you") is None
        assert lake.claims.holder("label", KEY) == claim
        assert lake.claims.beats("label") == {KEY: beats, OTHER: 0}
    lake.claims.give_back(claim)
    assert lake.claims.holder("label", KEY) is None
    assert lake.claims.take("label", KEY, "you").beat == 0
    assert lake.kinds() == []


def test_one_of_many_takes_a_claim(lake):
    taken = race(lambda number: lake.claims.take("label", KEY, f"writer {number}"))
    winner = lake.claims.holder("label", KEY)
    assert [claim for claim in taken if claim] == [winner]


def test_one_of_many_takes_over_and_the_former_holder_notices(lake):
    dead = lake.claims.renew(lake.claims.take("label", KEY, "dead"))
    taken = race(lambda number: lake.claims.take_over(dead, f"writer {number}"))
    winner = lake.claims.holder("label", KEY)
    assert [claim for claim in taken if claim] == [winner]
    assert winner.beat == dead.beat + 1
    assert lake.claims.renew(dead) is None
    lake.claims.give_back(winner)
    assert lake.claims.beats("label") == {}


def test_claims_of_the_dead_are_cleaned_away_and_those_of_the_living_stay(tmp_path):
    lake = open_lake(tmp_path)
    lake.claims.renew(lake.claims.take("label", KEY, "dead"))
    living = lake.claims.take("walk", KEY, "living")
    moment = time.time() - 2 * 86400
    for file in (tmp_path / "claims").rglob("*.*"):
        os.utime(file, (moment, moment))
    living = lake.claims.renew(living)
    found = waste(lake, timedelta(days=30))
    assert set(found.leftovers) == {f"claims/label/{KEY}.0", f"claims/label/{KEY}.1"}
    remove(lake, found)
    assert lake.claims.holder("label", KEY) is None
    assert lake.claims.holder("walk", KEY) == living
    assert lake.claims.take("walk", KEY, "another") is None
