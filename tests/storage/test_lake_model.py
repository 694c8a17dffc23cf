"""A lake does what a dictionary would, whoever else is at it, closed and opened at any moment."""

import pickle
import uuid
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from storage import MissingObject, open_lake
from storage.records import encode

seeds = st.integers(0, 11)
seed_sets = st.sets(seeds, max_size=6)
names = st.sampled_from(["log", "model/a", "model/b"])
tags = st.sampled_from([f"{site}/cycle-00{i}" for site in "ab" for i in range(3)])


class LakeMachine(RuleBasedStateMachine):
    """Two sites, a and b, at one lake."""

    place: str
    make_label: staticmethod

    @initialize()
    def found(self):
        self.url = f"{self.place}/{uuid.uuid4().hex}"
        self.sites = [open_lake(self.url), open_lake(self.url)]
        self.key_of = {seed: self.make_label(seed).key for seed in range(12)}
        self.labels: dict[str, bytes] = {}
        self.blobs: dict[str, bytes] = {}
        self.commits: dict[str, tuple[list[str], dict[str, int]]] = {}
        self.order: list[str] = []

    def at_once(self, work, *arguments):
        """Let both sites do `work`, each with its argument, at the same time."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(work, self.sites, arguments))

    @rule(seed=seeds, atoms=st.integers(1, 5), site=st.integers(0, 1))
    def put(self, seed, atoms, site):
        label = self.make_label(seed, atoms)
        assert self.sites[site].put(label) == (label.key not in self.labels)
        self.labels.setdefault(label.key, encode(label))

    @rule(seed=seeds, failed=st.booleans())
    def race(self, seed, failed):
        one = self.make_label(seed, 2)
        other = self.make_label(seed, 3, status="timeout" if failed else "converged")
        won = self.at_once(lambda site, label: site.put(label), one, other)
        assert sum(won) == (one.key not in self.labels)
        if any(won):
            self.labels[one.key] = encode(one if won[0] else other)

    @rule(seed=seeds, site=st.integers(0, 1))
    def get(self, seed, site):
        key = self.key_of[seed]
        if key in self.labels:
            assert encode(self.sites[site].get("label", key)) == self.labels[key]
        else:
            with pytest.raises(MissingObject):
                self.sites[site].get("label", key)

    @rule(wanted=seed_sets, site=st.integers(0, 1))
    def look_for_work(self, wanted, site):
        keys = [self.key_of[seed] for seed in wanted]
        assert self.sites[site].missing("label", keys) == [k for k in keys if k not in self.labels]
        assert self.sites[site].keys("label") == sorted(self.labels)
        assert self.sites[site].kinds() == (["label"] if self.labels else [])

    @rule(name=names, content=st.binary(max_size=4), site=st.integers(0, 1))
    def keep_blob(self, name, content, site):
        assert self.sites[site].put_blob(name, content) == (name not in self.blobs)
        assert self.sites[site].get_blob(name) == self.blobs.setdefault(name, content)
        assert self.sites[1 - site].blobs() == sorted(self.blobs)

    def present(self, wanted):
        return [self.key_of[seed] for seed in wanted if self.key_of[seed] in self.labels]

    @rule(tag=tags, wanted=seed_sets, site=st.integers(0, 1))
    def commit(self, tag, wanted, site):
        keys, metadata = self.present(wanted), {"step": len(self.commits)}
        known = {snapshot.tag: snapshot.id for snapshot in self.sites[site].history()}
        identity = self.sites[site].commit(tag, {"label": keys}, metadata)
        assert known.get(tag, identity) == identity
        self.commits.setdefault(tag, (keys, metadata))

    @rule(tag_of=st.lists(tags, min_size=2, max_size=2), wanted_of=st.tuples(seed_sets, seed_sets))
    def commit_at_once(self, tag_of, wanted_of):
        keys_of = [self.present(wanted) for wanted in wanted_of]
        if tag_of[0] == tag_of[1]:
            keys_of[1] = keys_of[0]
        identities = self.at_once(
            lambda site, work: site.commit(work[0], {"label": work[1]}, {"step": -1}),
            *zip(tag_of, keys_of, strict=True),
        )
        assert (identities[0] == identities[1]) == (tag_of[0] == tag_of[1])
        for tag, keys in zip(tag_of, keys_of, strict=True):
            self.commits.setdefault(tag, (keys, {"step": -1}))

    @rule(site=st.integers(0, 1))
    def reopen(self, site):
        self.sites[site] = open_lake(self.url)

    @rule(site=st.integers(0, 1))
    def travel(self, site):
        self.sites[site] = pickle.loads(pickle.dumps(self.sites[site]))

    @precondition(lambda self: self.commits)
    @rule(data=st.data(), site=st.integers(0, 1))
    def read(self, data, site):
        order = self.sites[site].tags()
        tag = data.draw(st.sampled_from(order))
        labels = []
        for earlier in order[: order.index(tag) + 1]:
            labels += sorted(set(self.commits[earlier][0]) - set(labels))
        root = self.sites[site].open(tag)
        wanted, metadata = self.commits[tag]
        cycle = root[f"cycles/{tag.replace('/', '__')}"]
        assert cycle.attrs["metadata"] == metadata
        rows = cycle["labels"][:]
        if not labels:
            assert len(rows) == 0
            return
        columns = root["labels"]
        assert list(columns["keys"][:]) == labels
        assert [labels[row] for row in rows] == wanted
        offsets = columns["atom_offsets"][:]
        for row, key in enumerate(labels):
            arrays = self.sites[site].get("label", key).arrays
            atoms = columns["positions"][offsets[row] : offsets[row + 1]]
            np.testing.assert_array_equal(atoms, arrays["positions"])

    @invariant()
    def history_only_grows(self):
        order = self.sites[0].tags()
        assert order[: len(self.order)] == self.order
        assert set(order) == self.commits.keys()
        self.order = order
        if repository := self.sites[0].repository:
            assert len(list(repository.ancestry(branch="main"))) == 1 + len(order)


def test_a_lake_is_a_dictionary(place, make_label):
    machine = type(
        "Machine", (LakeMachine,), {"place": place, "make_label": staticmethod(make_label)}
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=6 if place.startswith("s3:") else 15,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
