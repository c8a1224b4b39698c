#!/bin/sh
# Write env/*.env from env/*.env.example, with random passwords in place of each change-me. Files that are there stay.
# usage: sh deploy/secrets.sh
set -eu
cd "$(dirname "$0")/env"
umask 077

for name in valkey postgres s3 assetflow; do
    if [ -e "$name.env" ]; then
        echo "env/$name.env is there already: nothing is written. Remove all of env/*.env to make new ones." >&2
        exit 1
    fi
done

secret() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
id=$(secret 8) valkey=$(secret 24) postgres=$(secret 24) s3=$(secret 24) signing=$(secret 32)
for name in valkey postgres s3 assetflow; do
    sed -e "s/change-me-valkey/$valkey/" -e "s/change-me-postgres/$postgres/" -e "s/change-me-s3/$s3/" -e "s/change-me-id/$id/" \
        -e "s/change-me-to-64[a-z0-9-]*/$signing/" "$name.env.example" >"$name.env"
    echo "wrote env/$name.env"
done
