#!/bin/sh
# Build the page into assetflow/web/static/, with the Node.js that is there or with one that pip brings.
# usage: ui/build.sh PYTHON [npm script, by default "build"]
set -eu
python=$1
script=${2:-build}
. "$(dirname "$0")/node.sh"
cd "$(dirname "$0")"
installed
npm run --silent "$script"
