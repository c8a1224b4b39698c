#!/bin/sh
# Put what draws the diagrams beside the documentation, which then fetches nothing from elsewhere.
# usage: docs/diagrams.sh PYTHON FILE
set -eu
python=$1
file=$(cd "$(dirname "$2")" && pwd)/$(basename "$2")
. "$(dirname "$0")/../ui/node.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
npm pack --silent mermaid@11.17.2 > /dev/null
tar -xzf mermaid-*.tgz package/dist/mermaid.min.js
mv package/dist/mermaid.min.js "$file"
