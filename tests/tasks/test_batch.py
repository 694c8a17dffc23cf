import pytest
from slurm import needs_slurm, slurm

from tasks.batch import answers
from tasks.probes import Amiss


def test_commands_that_are_not_here_are_named():
    with pytest.raises(Amiss, match="there is no msub or canceljob on this machine: run flows"):
        answers("moab")


@pytest.mark.slurm
def test_a_batch_system_is_asked(tmp_path):
    needs_slurm()
    with slurm(tmp_path, "asked") as cluster:
        assert answers("slurm") == "sbatch, scancel, squeue are here, and it answers"
        cluster.controller.terminate()
        cluster.controller.wait()
        with pytest.raises(Amiss, match=r"squeue fails \(.*Unable to contact slurm controller"):
            answers("slurm")
        cluster.start_controller()  # an end without it takes longer
