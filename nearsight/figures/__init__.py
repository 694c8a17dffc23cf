"""Figures: each takes plain arrays and returns a matplotlib Figure, free of global state."""

from nearsight.figures.calibration import calibration
from nearsight.figures.chemistry import atom_types
from nearsight.figures.cluster import cluster
from nearsight.figures.clusters_learned import clusters_learned
from nearsight.figures.cost import cost
from nearsight.figures.cross_validation import cross_validation
from nearsight.figures.elastic_matrix import elastic_matrix
from nearsight.figures.energy_volume import energy_volume
from nearsight.figures.error_map import error_map
from nearsight.figures.feature_map import feature_map
from nearsight.figures.feature_space import feature_space
from nearsight.figures.force_matching import force_matching
from nearsight.figures.giving_way import giving_way
from nearsight.figures.layer import layer
from nearsight.figures.learning_curve import learning_curve
from nearsight.figures.likelihood_error import likelihood_error
from nearsight.figures.modulus_disorder import modulus_disorder
from nearsight.figures.parity import parity
from nearsight.figures.pressure_volume import pressure_volume
from nearsight.figures.render import to_bytes, to_data_uri
from nearsight.figures.scene import scene
from nearsight.figures.selection import selection
from nearsight.figures.structure import structure
from nearsight.figures.volumes import volumes

__all__ = [
    "atom_types",
    "calibration",
    "cluster",
    "clusters_learned",
    "cost",
    "cross_validation",
    "elastic_matrix",
    "energy_volume",
    "error_map",
    "feature_map",
    "feature_space",
    "force_matching",
    "giving_way",
    "layer",
    "learning_curve",
    "likelihood_error",
    "modulus_disorder",
    "parity",
    "pressure_volume",
    "scene",
    "selection",
    "structure",
    "to_bytes",
    "to_data_uri",
    "volumes",
]
