import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from flows.campaign import Campaign
from flows.parameters import BadParameters, read_parameters
from tasks.sites import Pool, Site

JOBS = {"kind": "slurm", "memory": 4, "walltime": "24:00:00", "interface": "ib0"}
PAGE = (Path(__file__).parents[2] / "docs/sites.md").read_text()
BLOCKS = re.findall(r"^```yaml\n(# site\.yaml\n.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
FILES = sorted((Path(__file__).parents[2] / "deployments/sites").glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_files_that_come_with_it_are_sites(path):
    site = read_parameters(path, Site)
    assert Site.model_validate(site.model_dump(mode="json")) == site


@pytest.mark.parametrize("text", BLOCKS)
def test_the_sites_of_the_page_are_sites(tmp_path, text):
    (tmp_path / "site.yaml").write_text(text)
    assert read_parameters(tmp_path / "site.yaml", Site) != Site()


def test_a_line_is_enough_for_workers_of_this_machine():
    assert Site.model_validate({"md": {"workers": 3}}).md == Pool(workers=3)


@pytest.mark.parametrize("walltime", ["24:00:00", "'24:00:00'", "1 day", "86400"])
def test_a_walltime_reads_as_in_a_job_script(walltime):
    told = yaml.safe_load(f"walltime: {walltime}")
    assert Pool(**JOBS | told).walltime == timedelta(days=1)


def test_workers_leave_before_their_walltime():
    def lifetime(**walltime: float) -> timedelta:
        return Pool(**JOBS | {"walltime": timedelta(**walltime)}).lifetime

    assert lifetime(minutes=10) == timedelta(minutes=9)
    assert lifetime(hours=10) == timedelta(hours=9.5)
    assert Pool().lifetime is None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("md: {workers: -1}", "md.workers: input should be greater than or equal to 0, not -1"),
        ("md: {kind: slrm}", "md.kind: input should be 'local', 'slurm', 'pbs'"),
        ("md: {partition: gpu}", "there is no field 'md.partition'; known here: kind, workers"),
        ("md: {queue: gpu}", "md.queue: processes of this machine have none; leave it out, or"),
        ("md: {workers: 0, cores: 2}", "md.cores: work in the flow itself has one"),
        ("md: {kind: slurm}", "md.memory: jobs need it, in GiB"),
        ("md: {kind: slurm, memory: 4 GB}", "md.memory: write a plain number in GiB, not '4 GB'"),
        ("md: {kind: pbs, memory: 4}", "md.walltime: jobs need it, such as 24:00:00"),
        ("md: {kind: pbs, memory: 4, walltime: 1-0}", "md.walltime: input should be a valid"),
        ("md: {kind: pbs, memory: 4, walltime: 60}", "md.walltime: input should be greater"),
        ("md: {kind: pbs, memory: 4, walltime: 3600}", "md.interface: jobs need it, such as ib0"),
        ("md: {<<: JOBS, workers: 0}", "md.workers: a pool of jobs needs one at least"),
        ("md: {<<: JOBS, minimum: 3}", "md.minimum: 3 jobs that stay are more than the 2 workers"),
        ("md: {<<: JOBS, kind: lsf, gpus: 1}", "md.gpus: ask lsf for them by a line of"),
        ("md: {<<: JOBS, setup: [export AWS_SECRET_ACCESS_KEY=x]}", "md.setup: a site holds no"),
        ("qm: {<<: JOBS, walltime: 3600}", "labels.time_limit: a label may take 86400 s, but"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "site.yaml"
    path.write_text(text.replace("JOBS", yaml.safe_dump(JOBS, default_flow_style=True).strip()))
    with pytest.raises(BadParameters) as refused:
        read_parameters(path, Site)
    assert str(refused.value).startswith(f"{path}: {sentence}")


def test_a_campaign_names_a_site_or_its_file(tmp_path):
    (tmp_path / "sites").mkdir()
    (tmp_path / "sites/here.yaml").write_text("md: {workers: 3}\nlabels: {scratch: tmp}")
    (tmp_path / "campaign.yaml").write_text("lake: my-lake\nsite: sites/here.yaml")
    campaign = read_parameters(tmp_path / "campaign.yaml", Campaign)
    assert campaign.site.md.workers == 3
    assert campaign.site.logs == tmp_path / "sites/logs"  # paths start at the file they are in
    assert campaign.site.labels.scratch == tmp_path / "sites/tmp"
    assert campaign.lake == str(tmp_path / "my-lake")
    assert Campaign.model_validate(campaign.model_dump(mode="json")) == campaign
    assert Site.model_validate(str(tmp_path / "sites/here.yaml")) == campaign.site


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "the site file {} cannot be read: No such file or directory"),
        ("md: [", "the site file {} is not valid YAML"),
        ("2", "the site file {} must hold pools"),
        ("md: {workers: many}", "site.md.workers: input should be a valid integer"),
    ],
)
def test_a_bad_site_file_is_refused_in_a_sentence(tmp_path, text, sentence):
    path = tmp_path / "site.yaml"
    if text is not None:
        path.write_text(text)
    (tmp_path / "campaign.yaml").write_text("site: site.yaml")
    with pytest.raises(BadParameters) as refused:
        read_parameters(tmp_path / "campaign.yaml", Campaign)
    assert sentence.format(path) in str(refused.value)
    assert "more)" not in str(refused.value)
