import numpy as np

from nearsight.figures import likelihood_error


def test_a_perfect_ranking_is_written_on_the_figure():
    uncertainty = np.linspace(0, 5, 50)
    (axes,) = likelihood_error(uncertainty, np.exp(uncertainty), threshold=4.0).axes
    assert "Spearman ρ = 1.00" in axes.get_title(loc="left")
    assert "meV/Å" in axes.get_ylabel()
    assert axes.get_yscale() == "log"
    assert axes.get_xscale() == "linear"
    (line,) = [line for line in axes.lines if line.get_gid() == "threshold"]
    assert list(line.get_xdata()) == [4.0, 4.0]


def test_every_element_has_its_own_ranking():
    uncertainty = np.tile(np.linspace(0, 5, 50), 2)
    errors = np.concatenate([np.linspace(1, 9, 50), np.linspace(9, 1, 50)])
    figure = likelihood_error(uncertainty, errors, numbers=np.repeat([6, 8], 50))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["C Spearman ρ = 1.00", "O Spearman ρ = -1.00"]


def test_a_few_far_values_do_not_squeeze_the_rest():
    rng = np.random.default_rng(0)
    uncertainty = np.append(rng.normal(5, 1, 200), [3000.0])
    figure = likelihood_error(uncertainty, np.append(rng.uniform(1, 9, 200), [900.0]))
    (axes,) = figure.axes
    figure.canvas.draw()
    pixels = axes.transData.transform([[2, 10], [8, 10], [3000, 10]])[:, 0]
    assert pixels[1] - pixels[0] > 0.1 * (pixels[2] - pixels[0])


def test_an_element_never_met_is_drawn_at_the_edge():
    uncertainty = np.append(np.linspace(0, 5, 20), [np.inf, np.inf])
    errors = np.append(np.linspace(1, 9, 20), [900.0, 0.0])
    numbers = np.append(np.full(20, 40), [72, 72])
    figure = likelihood_error(uncertainty, errors, numbers=numbers)
    known, _, never = figure.axes[0].collections
    assert len(known.get_offsets()) == 20
    offsets = never.get_offsets().data
    assert (offsets[:, 0] > 5).all()
    assert (offsets > 0)[:, 1].all()  # an error of zero still has its place on the log axis
