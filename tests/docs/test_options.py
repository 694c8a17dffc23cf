"""Every YAML block of the documentation is read by what it is for."""

import re

import pytest
import yaml
from pages import ROOT, blocks

from flows.cli.run import FLOWS
from flows.cli.study import STUDIES
from flows.parameters import read_flow

NAMED = re.compile(r"# ([\w-]+)\.yaml")
MODELS = {
    "bootstrap": "flows.bootstrap:Bootstrap",
    "campaign": FLOWS["al_cycle"],
    "d_cl": "flows.dataset:Recipe",
    "datasets": "flows.dataset:Recipe",
    "matching": "flows.force_matching:ForceMatching",
    "retrain": "flows.pretrain:Pretraining",
    "site": "tasks.sites:Site",
    "system": "nearsight.systems:System",
    "train": "flows.pretrain:Pretraining",
    "trial": "flows.dataset:Recipe",
}
"""Whose options a file holds, by its name; a file with a field `flow` says it itself."""
for _options in STUDIES:
    _words = re.sub(r"(?<!^)([A-Z])", r"-\1", _options).lower()
    MODELS[_words] = f"flows.studies.{_words.replace('-', '_')}:{_options}"


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_options_on_a_page_are_options(block, tmp_path):
    (tmp_path / "flows/data").mkdir(parents=True)
    for shipped in (ROOT / "flows/data").iterdir():
        (tmp_path / "flows/data" / shipped.name).symlink_to(shipped)
    for path in re.findall(r"(?<![\w/])[\w/-]+\.(?:extxyz|safetensors|cif)\b", block.text):
        if not (tmp_path / path).exists():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites/cluster.yaml").write_text("qm: {workers: 3}")
    named = NAMED.match(block.text)
    name = named[1] if named else "campaign"  # what has no name is a part of a campaign
    (tmp_path / "options.yaml").write_text(block.text)
    flow = yaml.safe_load(block.text).get("flow")
    readers = FLOWS if flow else {name: MODELS[name]}
    told, options = read_flow(tmp_path / "options.yaml", readers, default=name)
    assert told == (flow or name)
    assert options.model_dump(exclude_unset=True)
