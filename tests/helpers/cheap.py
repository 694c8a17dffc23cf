"""What makes a flow cheap enough for a test: work in this process, labels at no cost."""

from nearsight.references import CalculatorLevel
from tasks.pools import Pool, Site

HERE = Pool(workers=0)
SITE = Site(md=HERE, qm=HERE, train=HERE, cpu=HERE)
MORSE = CalculatorLevel(
    name="Morse",
    calculator="ase.calculators.morse.MorsePotential",
    arguments={"epsilon": 0.01, "r0": 1.2, "rho0": 3.0, "rcut1": 2.0, "rcut2": 2.6},
)
