#!/bin/sh
# Builds the engines that are no plain wheels into an environment: GPAW (with MPI) and YAFF.
# Usage: install.sh PYTHON
set -eu
python=$1
here=$(dirname "$(realpath "$0")")
root=$here/../..

libraries="libxc-dev libopenblas-dev libopenmpi-dev openmpi-bin"
missing=$(for l in $libraries; do dpkg -s "$l" >/dev/null 2>&1 || echo "$l"; done)
if [ -n "$missing" ] && command -v apt-get >/dev/null; then
    if [ "$(id -u)" != 0 ]; then
        echo "GPAW needs Debian packages, as root: apt-get install" $missing >&2
        exit 1
    fi
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

install() { "$python" -m pip install --quiet --disable-pip-version-check -c "$root/constraints.txt" "$@"; }

# A cached wheel may have been built against other libraries, or another NumPy.
GPAW_CONFIG=$here/gpaw.py install --no-cache-dir -e "$root[gpaw]"
# Releases of 2017: they build with tools of their time, and name the test runner nose.
install "cython<3" "setuptools<80" wheel future h5py
install --no-cache-dir --no-build-isolation --no-deps molmod yaff
