import io
import threading

from rich.console import Console

from tasks.progress import Board, reporter


def board(terminal=False):
    out = io.StringIO()
    return Board(Console(file=out, force_terminal=terminal, width=80, color_system=None)), out


def test_a_pipe_sees_a_line_when_a_stage_begins_and_one_when_it_ends():
    shown, out = board()
    with shown:
        shown.start("cycle 1 label", ["a", "b"], 1)
        shown.update("a", 0.5)
        shown.finish("cycle 1 label")
    began, ended = out.getvalue().splitlines()
    assert began == "cycle 1 label ..."
    assert ended.split() == [
        "cycle",
        "1",
        "label",
        "0.0",
        "s",
        "3",
        "pieces,",
        "1",
        "from",
        "the",
        "lake",
    ]


def test_batches_of_one_stage_share_a_bar():
    shown, out = board()
    with shown:
        shown.start("explore", ["a"], 0)
        shown.start("explore", ["b"], 0)
        shown.finish("explore")
        assert "2 pieces" not in out.getvalue()
        shown.finish("explore")
    assert out.getvalue().count("explore ...") == 1
    assert "2 pieces" in out.getvalue()


def test_a_run_that_found_everything_says_so():
    shown, out = board()
    with shown:
        shown.start("train", [], 1)
        shown.finish("train")
    assert "1 piece, all from the lake" in out.getvalue()
    assert "nothing was computed" in out.getvalue()


def test_a_run_that_computed_something_does_not():
    shown, out = board()
    with shown:
        shown.start("train", ["a"], 0)
        shown.finish("train")
    assert "nothing was computed" not in out.getvalue()


def test_a_terminal_sees_bars_within_its_width():
    shown, out = board(terminal=True)
    with shown:
        shown.start("cycle 1 fit density", ["a", "b"], 18)
        shown.update("a", 1.0)
        shown.update("b", 0.2)
        shown._progress.refresh()
        text = shown._progress.get_renderable()
        lines = Console(width=80, color_system=None).render_lines(text, pad=False)
        assert len(lines) == 1
        shown.finish("cycle 1 fit density")
    assert "96%" in out.getvalue()


def test_progress_never_goes_back_nor_beyond_its_end():
    shown, _ = board(terminal=True)
    with shown:
        shown.start("walk", ["a"], 0)
        for fraction in (0.5, 0.2, 3.0):
            shown.update("a", fraction)
        assert shown._progress.tasks[0].completed == 1.0
        shown.update("unknown", 0.5)
        shown.finish("walk")
        shown.update("a", 0.1)


def test_reports_from_this_process_reach_the_board():
    shown, _ = board(terminal=True)
    with shown:
        shown.start("walk", ["a"], 0)
        reporter("a", interval=0.0)(0.25)
        assert shown._progress.tasks[0].completed == 0.25


def test_reports_are_rare_but_for_the_last():
    shown, _ = board(terminal=True)
    with shown:
        shown.start("walk", ["a"], 0)
        tell = reporter("a", interval=1000.0)
        tell(0.1)
        tell(0.9)
        assert shown._progress.tasks[0].completed < 0.5
        tell(1.0)
        assert shown._progress.tasks[0].completed == 1.0


def test_many_threads_may_report_at_once():
    shown, out = board()
    rows = [f"r{i}" for i in range(50)]

    def one(row):
        shown.start("explore", [row], 0)
        shown.update(row, 1.0)

    with shown:
        threads = [threading.Thread(target=one, args=(row,)) for row in rows]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for _ in rows:
            shown.finish("explore")
    assert "50 pieces" in out.getvalue()
