from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from s3_server import s3_store

from storage import Lake, open_lake
from tasks.probes import Amiss
from tasks.trial_lake import KIND, judge, key, race, trial_lake, visit

NAMES = [str(number) for number in range(20)]


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    with s3_store(tmp_path_factory.mktemp("s3")):
        yield "s3://lake"


@pytest.fixture(params=["directory", "bucket"])
def url(request, tmp_path):
    if request.param == "directory":
        return str(tmp_path / "not" / "there")
    return f"{request.getfixturevalue('bucket')}/{request.node.name.partition('[')[0]}"


def use(url):
    with trial_lake(url) as lake:
        visit(lake.url, "md")
        lake.get(KIND, key("md"))
        with ThreadPoolExecutor(3) as writers:
            return list(writers.map(partial(race, names=NAMES), [lake.url] * 3))


def held(lake):
    if lake.url.startswith("s3://"):
        return set(lake.objects.names(""))
    files = (path for path in Path(lake.url).rglob("*") if path.is_file())
    return {path.relative_to(lake.url).as_posix() for path in files}


def test_it_is_written_read_and_raced_and_nothing_is_left(url, tmp_path):
    assert judge(use(url)) == "3 writers raced for 20 records, one winner each"
    assert list(tmp_path.iterdir()) == []
    assert Lake(url).objects.stranger() is None


def test_a_lake_that_is_there_stays_as_it_is(url):
    lake = open_lake(url)
    lake.put_blob("mine", b"mine")
    use(url)
    assert lake.blobs() == ["mine"]
    assert lake.kinds() == lake.tags() == []
    assert held(lake) == {"lake.json", "blobs/mine"}


def test_the_lake_is_left_alone_also_where_a_check_fails(url):
    with pytest.raises(ZeroDivisionError), trial_lake(url):
        _ = 1 / 0
    assert Lake(url).objects.stranger() is None


def test_a_folder_with_other_things_is_no_place_for_a_lake(tmp_path):
    (tmp_path / "thesis.tex").write_text("...")
    with pytest.raises(Amiss, match="there is no lake at"), trial_lake(str(tmp_path)):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_store_that_is_not_there_is_soon_said(monkeypatch):
    monkeypatch.setattr("tasks.trial_lake.IMPATIENCE", 0.5)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "me")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    refusal = pytest.raises(Amiss, match=r"http://127.0.0.1:9 .*Connection refused")
    with refusal, trial_lake("s3://lake/none"):
        pass


@pytest.mark.parametrize(
    ("won", "sentence"),
    [
        ([[True, True], [True, False]], "2 writers raced for 2 records, and 1 of them had 2 to 2"),
        ([[True, False], [False, False]], "2 writers raced for 2 records, and 1 of them had 0 to"),
    ],
)
def test_a_race_has_one_winner(won, sentence):
    with pytest.raises(Amiss, match=sentence):
        judge(won)
