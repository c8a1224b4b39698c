#!/bin/sh
# Lint the chart, and write what it makes of its defaults and of each example into rendered/, for those who read it, who
# have no helm, and for the tests. Each file begins with the sum of what it was made of.
# usage: deploy/helm/render.sh [path to helm]
set -eu
helm=${1:-helm}
cd "$(dirname "$0")"

sum() { # of the chart and the values given, by name and content
    { find assetflow -type f | LC_ALL=C sort; for values in "$@"; do echo "$values"; done; } | xargs sha256sum | sha256sum | cut -d ' ' -f 1
}

"$helm" lint assetflow --strict
mkdir -p rendered
render() { # name, values...
    name=$1
    shift
    values=
    for file in "$@"; do values="$values -f $file"; done
    {
        echo "# helm template assetflow assetflow --namespace assetflow$values"
        echo "# made of $(sum "$@")"
        # shellcheck disable=SC2086
        "$helm" template assetflow assetflow --namespace assetflow $values
    } >"rendered/$name.yaml"
    echo "wrote rendered/$name.yaml"
}
render default
for example in examples/*.yaml; do render "$(basename "$example" .yaml)" "$example"; done
