import base64
import io
import xml.etree.ElementTree as ElementTree

import numpy as np
from matplotlib.image import imread

from nearsight.figures import cost, to_bytes, to_data_uri


def picture():
    return cost(np.array([1]), {"train": np.array([3.0])})


def test_png_has_150_dots_an_inch():
    head, content = to_data_uri(picture(), "png").split(",")
    assert head == "data:image/png;base64"
    height, width, _ = imread(io.BytesIO(base64.b64decode(content))).shape
    assert abs(width - 150 * picture().get_figwidth()) <= 1
    assert abs(height - 150 * picture().get_figheight()) <= 1


def test_svg_is_well_formed():
    head, content = to_data_uri(picture(), "svg").split(",")
    assert head == "data:image/svg+xml;base64"
    assert ElementTree.fromstring(base64.b64decode(content)).tag.endswith("svg")


def test_the_same_figure_gives_the_same_bytes():
    for format in ("svg", "png"):
        assert to_bytes(picture(), format) == to_bytes(picture(), format)
