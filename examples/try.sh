#!/usr/bin/env bash
# Runs the programs of the reference with the libraries of the reference, then with those of the candidate:
# what `abide check` foretells, seen. Needs rpm2cpio and cpio.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for side in reference candidate; do
    mkdir "$work/$side"
    for package in "$here/repos/$side"/*.rpm; do
        (cd "$work/$side" && rpm2cpio "$package" | cpio --quiet -idmu)
    done
done
for side in reference candidate; do
    for program in harbor pilot; do
        printf '== %s of the reference, libraries of the %s\n' "$program" "$side"
        status=0
        LD_LIBRARY_PATH="$work/$side/usr/lib64" "$work/reference/usr/bin/$program" || status=$?
        printf -- '-- exit status %s\n' "$status"
    done
done
