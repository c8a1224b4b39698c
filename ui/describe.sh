#!/bin/sh
# Print src/api/described.ts, made from what the server says of itself.
# usage: ui/describe.sh PYTHON   (one that has assetflow installed)
set -eu
python=$1
. "$(dirname "$0")/node.sh"
cd "$(dirname "$0")/describe"
installed
"$python" -m assetflow.web.openapi | node describe.mjs
