"""Every shell block of the documentation: verbs, options, targets and scripts are there."""

import re
import shlex

import pytest
from pages import ROOT, blocks
from typer.main import get_command

from flows.cli import app

LINES = [
    pytest.param(line, id=f"{block}: {line}")
    for block in blocks("sh")
    for line in block.text.replace("\\\n", " ").splitlines()
    if shlex.split(line, comments=True)
]
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SHELL = {".", "cd", "export", "squeue"}


def check(line):
    first, *rest = shlex.split(line, comments=True)
    program = first.removeprefix(".venv/bin/")
    if program == "nearsight":
        parse([word for word in rest if word != "&"])
    elif program == "make":
        assert TARGETS.issuperset(rest), "no such target"
    elif program in ("python", "sh"):
        assert (ROOT / rest[0]).is_file(), "no such script"
    else:
        assert program in SHELL


def parse(words):
    command, context = get_command(app), None
    while hasattr(command, "resolve_command"):
        assert words, "no verb"
        context = command.context_class(command, parent=context, info_name=command.name)
        _, command, words = command.resolve_command(context, words)
    command.make_context(command.name, words, parent=context)


@pytest.mark.parametrize("line", LINES)
def test_a_command_on_a_page_can_be_given(line):
    check(line)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("nearsight rum a.yaml", "No such command"),
        ("nearsight status lake --jason", "No such option"),
        ("nearsight run", "Missing parameter"),
        ("make tea", "no such target"),
        ("python benchmarks/none.py", "no such script"),
    ],
)
def test_one_that_is_wrong_is_noticed(line, why):
    with pytest.raises(Exception, match=why):
        check(line)
