import re

import pytest
from pydantic import BaseModel, ValidationError

from tasks.options import Extraction, LakeUrl


class Where(BaseModel):
    lake: LakeUrl


@pytest.mark.parametrize(
    ("given", "meant"),
    [("mine", "{folder}/mine"), ("/abs/lake", "/abs/lake"), ("s3://b/lake", "s3://b/lake")],
)
def test_a_lake_in_a_file_starts_at_the_files_folder(tmp_path, given, meant):
    where = Where.model_validate({"lake": given}, context={"folder": tmp_path})
    assert where.lake == meant.format(folder=tmp_path)


def test_a_lake_in_code_stays_as_it_is():
    assert Where(lake="mine").lake == "mine"


@pytest.mark.parametrize(
    "address", ["s3://key:secret@bucket/lake", "s3://bucket/lake?aws_secret_access_key=secret"]
)
def test_an_address_with_keys_is_refused_in_forms_and_in_files(address):
    with pytest.raises(ValidationError, match="holds no keys"):
        Where(lake=address)
    pattern = Where.model_json_schema()["properties"]["lake"]["pattern"]
    assert not re.match(pattern, address)
    for good in ("lake", "/home/me@here/lake?", "s3://bucket/lake", "file:///my/lake", "a:b"):
        assert re.match(pattern, Where(lake=good).lake)


@pytest.mark.parametrize("option", [{"clusters": 0}, {"min_unknown": 0}, {"cluster": 1}])
def test_impossible_extractions_are_refused(option):
    with pytest.raises(ValidationError):
        Extraction.model_validate(option)
