"""The seam to molecular dynamics engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from ase import Atoms
from numpy.typing import NDArray
from pydantic import Field, model_validator

from nearsight.potentials.base import Potential
from nearsight.spec import Spec

Progress = Callable[[float], None]
"""Told the fraction done, 0 to 1, while a long piece of work goes on."""


LARGEST_PRESSURE = 20.0
"""GPa; far beyond what any framework bears, so more is a pressure in another unit."""


class WalkSpec(Spec):
    """One exploration walk: NPT molecular dynamics (paper, Section 3, Active Learning)."""

    temperature: float = Field(default=600.0, gt=0, title="Temperature", description="K")
    pressure: tuple[float, float] | None = Field(
        default=(-1.5, 1.5),
        title="Pressure range",
        description="GPa; a walk draws one value from it; empty: the cell stays as it is (NVT)",
    )
    duration: float = Field(default=500.0, gt=0, title="Duration", description="fs")
    timestep: float = Field(default=0.5, gt=0, le=2.0, title="Time step", description="fs")
    friction: float = Field(default=5.0, gt=0, title="Langevin friction", description="1/ps")
    barostat_time: float = Field(
        default=100.0, gt=0, title="Time of the cell", description="fs; that it takes to follow"
    )
    bulk_modulus: float = Field(
        default=40.0,
        gt=0,
        title="Expected bulk modulus",
        description="GPa; sets how fast the cell follows its stress, not where it settles",
    )
    compiled: bool = Field(
        default=False,
        title="Compiled potential",
        description="faster steps, after a minute or two for the first walk on a machine with a "
        "potential of this architecture; pays beyond a million atoms times steps. Rounds "
        "otherwise, so these are other trajectories",
        exclude_if=lambda compiled: not compiled,  # walks without keep their keys
    )
    frame_interval: float = Field(
        default=10.0, gt=0, title="Time between kept frames", description="fs"
    )
    max_force: float = Field(default=50.0, gt=0, title="Largest sane force", description="eV/Å")
    max_temperature_ratio: float = Field(
        default=4.0, gt=1, title="Largest sane kinetic over set temperature"
    )
    volume_range: tuple[float, float] = Field(
        default=(0.8, 1.25), title="Sane volumes", description="relative to the start"
    )
    min_distance_ratio: float = Field(
        default=0.5,
        ge=0,
        lt=1,
        title="Smallest sane distance",
        description="relative to the sum of two atoms' covalent radii",
    )
    min_contact_ratio: float = Field(
        default=1.1,
        ge=0,
        title="Smallest sane distance of atoms that the start does not bond",
        description="relative to the sum of two atoms' covalent radii; below it they have made a "
        "bond; 0 lets bonds form",
    )
    max_bond_ratio: float = Field(
        default=1.5,
        gt=1,
        title="Largest sane length of the start's bonds",
        description="relative to the sum of two atoms' covalent radii; 100 lets bonds break",
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.pressure is not None:
            low, high = self.pressure
            if low > high:
                raise ValueError(
                    f"pressure: its lower end {low:g} lies above its upper end {high:g}"
                )
            if max(-low, high) > LARGEST_PRESSURE:
                raise ValueError(
                    f"pressure: {low:g} to {high:g} is beyond ±{LARGEST_PRESSURE:g} GPa; pressures "
                    "are in GPa, not in MPa or bar"
                )
        for name in ("duration", "frame_interval"):
            if getattr(self, name) < self.timestep:
                raise ValueError(
                    f"{name}: {getattr(self, name):g} fs is shorter than one time step of "
                    f"{self.timestep:g} fs"
                )
        low, high = self.volume_range
        if not 0 < low < 1 < high:
            raise ValueError(
                f"volume_range: {low:g} to {high:g} must lie above 0 and hold 1, the start"
            )
        return self


class InsaneStart(ValueError):
    """A structure that no walk can begin from; the message says why."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the start is not sane: {why}")


@dataclass(frozen=True)
class Trajectory:
    """The sane frames of one walk; the first one is the start.

    Attributes
    ----------
    numbers
        (n_atoms,) atomic numbers.
    positions
        (n_frames, n_atoms, 3) in Å, unwrapped.
    cells
        (n_frames, 3, 3) in Å, rows are cell vectors.
    times
        (n_frames,) in fs.
    energies
        (n_frames,) potential energies in eV.
    temperatures
        (n_frames,) kinetic temperatures in K.
    pressure
        The applied pressure that this walk drew, GPa; None where the cell was kept.
    stop
        "finished", or why a guard ended the walk early.
    seconds
        Wall time.
    """

    numbers: NDArray[np.int64]
    positions: NDArray[np.float64]
    cells: NDArray[np.float64]
    times: NDArray[np.float64]
    energies: NDArray[np.float64]
    temperatures: NDArray[np.float64]
    pressure: float | None
    stop: str
    seconds: float

    def __len__(self) -> int:
        return len(self.times)

    def frame(self, i: int) -> Atoms:
        """Frame `i` as periodic `Atoms`."""
        return Atoms(self.numbers, positions=self.positions[i], cell=self.cells[i], pbc=True)


class Sampler(Protocol):
    """Walks a structure through phase space; a walk that explodes ends at its last sane frame.

    So does one whose potential gives no answer. A start that is not sane raises `InsaneStart`.
    Bonds and volume are held against `template`, which is the start unless given: bonds that are
    found anew on a hot frame may lack some.
    """

    def walk(
        self,
        atoms: Atoms,
        potential: Potential,
        spec: WalkSpec,
        seed: int,
        progress: Progress | None = None,
        template: Atoms | None = None,
    ) -> Trajectory: ...
