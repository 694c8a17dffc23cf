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


@pytest.mark.parametrize("option", [{"clusters": 0}, {"min_unknown": 0}, {"cluster": 1}])
def test_impossible_extractions_are_refused(option):
    with pytest.raises(ValidationError):
        Extraction.model_validate(option)
