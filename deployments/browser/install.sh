#!/bin/sh
# Installs the browser that tests look at the Prefect UI with: Debian's chromium, as root.
set -eu
if dpkg -s chromium >/dev/null 2>&1 || ! command -v apt-get >/dev/null; then
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "tests of the UI need Debian's browser, as root: apt-get install chromium" >&2
    exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null
