import numpy as np

from nearsight.figures.scale import is_wide, ticks, uncertainty_colours, uncertainty_scale


def test_larger_is_brighter_and_infinity_is_the_brightest():
    values = np.array([0.0, 1.0, 2.0, np.inf])
    colours = uncertainty_colours(values, uncertainty_scale(values))
    assert (np.diff(colours[:3, 1]) > 0).all()
    np.testing.assert_array_equal(colours[2], colours[3])


def test_far_values_do_not_make_all_others_the_same_colour():
    values = np.append(np.linspace(0, 10, 100), [5000.0])
    assert is_wide(values)
    colours = uncertainty_colours(values, uncertainty_scale(values))
    assert np.abs(colours[0] - colours[99]).max() > 0.1
    assert ticks(values) == [0.0, 10.0, 100.0, 1000.0]


def test_constant_and_infinite_values_have_a_scale():
    for values in (np.ones(3), np.full(3, np.inf)):
        assert uncertainty_colours(values, uncertainty_scale(values)).shape == (3, 4)
