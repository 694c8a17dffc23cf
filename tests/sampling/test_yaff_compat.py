"""The shim under YAFF: what it cures, what it leaves alone, and what it says without YAFF."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from nearsight.sampling._yaff_compat import MissingYaff, import_yaff


@pytest.mark.skipif(find_spec("yaff") is None, reason="YAFF is not installed")
def test_yaff_imports_is_silent_and_takes_atom_types():
    code = (
        "from nearsight.sampling._yaff_compat import import_yaff; import numpy as np\n"
        "yaff = import_yaff()\n"
        "ids = np.zeros(2, int)\n"
        "system = yaff.System(ids + 1, np.zeros((2, 3)), ffatypes=['H'], ffatype_ids=ids)\n"
        "assert system.ffatypes.tolist() == ['H']\n"
        "assert np.array.__module__ == 'numpy'\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""


def test_without_yaff_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "yaff", None)
    with pytest.raises(MissingYaff, match=r"sh deployments/engines/install\.sh"):
        import_yaff()
    assert np.array([1]).tolist() == [1]
