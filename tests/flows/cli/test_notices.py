import logging

import pytest

from flows.cli.notices import Notices


@pytest.fixture
def logger():
    found = logging.getLogger("test_notices")
    handler = Notices()
    found.addHandler(handler)
    yield found
    found.removeHandler(handler)


def test_what_several_workers_wait_for_is_said_once(logger, capsys):
    logger.warning("the store of the lake does not answer (no route): waited %d s", 1)
    logger.warning("the store of the lake does not answer (no route): waited %d s", 2)
    logger.warning("the store of the lake answers again")
    logger.info("all is well")
    assert capsys.readouterr().err.splitlines() == [
        "the store of the lake does not answer (no route): waited 1 s",
        "the store of the lake answers again",
    ]
