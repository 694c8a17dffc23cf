import numpy as np

from nearsight.figures import volumes


def test_every_frame_is_counted_and_drawn():
    train = np.linspace(8500, 9700, 24), np.repeat([-1.0, 2.0], 12)
    test = np.linspace(8600, 9000, 5), np.full(5, 0.5)
    figure = volumes({"train": train, "test": test})
    top, bottom = figure.axes
    counts = [int(patch.get_data().values.sum()) for patch in top.patches]
    assert counts == [24, 5]
    for line, (volume, pressure) in zip(bottom.lines, (train, test), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), volume)
        np.testing.assert_array_equal(line.get_ydata(), pressure)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["train (24)", "test (5)"]
    assert "Å³" in bottom.get_xlabel()
    assert "GPa" in bottom.get_ylabel()
