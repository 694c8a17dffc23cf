import pytest

from tasks import errors


@pytest.mark.parametrize("error", [errors.BadFile, errors.TooManyFailures, errors.LostWorkers])
def test_errors_say_their_sentence(error):
    assert str(error("why")) == "why"
    assert error.__doc__
