#!/bin/sh
# Installs what a real Slurm needs to run on this machine for the tests, with the commands of PBS in
# front of it: Debian packages, as root.
set -eu
packages="slurm-wlm munge slurm-wlm-torque"
missing=$(for p in $packages; do dpkg -s "$p" >/dev/null 2>&1 || echo "$p"; done)
if [ -z "$missing" ] || ! command -v apt-get >/dev/null; then
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "a Slurm for the tests needs Debian packages, as root: apt-get install" $missing >&2
    exit 1
fi
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-remove --no-install-recommends $missing >/dev/null
