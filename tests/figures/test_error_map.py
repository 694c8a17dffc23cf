import numpy as np
import pytest

from nearsight.figures import error_map


@pytest.fixture
def errors(framework):
    distances = framework.get_distances(200, range(len(framework)), mic=True)
    far = 10 + 2000 * np.exp(-distances / 2)
    return {"N = 0": far, "N = 40": far / 4, "N = 80": far / 8}


def test_a_structure_for_each_model_on_one_scale(framework, errors, artist):
    figure = error_map(framework, errors, 200)
    *structures, last = [axes for axes in figure.axes if axes.get_label() != "<colorbar>"]
    assert [axes.get_title() for axes in structures] == [
        f"{name}: worst atom {values.max():.0f} meV/Å" for name, values in errors.items()
    ]
    brightest = [
        artist(axes, "atoms and bonds").get_facecolors()[:, :3].max(axis=0) for axes in structures
    ]
    assert brightest[0][0] > brightest[2][0]  # yellow belongs to the first model's worst atom
    assert [line.get_label() for line in last.lines] == list(errors)
    first, second = (line.get_ydata() for line in last.lines[:2])
    assert (np.diff(first) < 0).all()
    assert first == pytest.approx(4 * second)


def test_no_error_at_all_can_be_drawn(framework):
    error_map(framework, {"perfect": np.full(len(framework), 1e-9)}, 0).canvas.draw()
