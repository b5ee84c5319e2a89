#!/usr/bin/env bash
# Builds the example repositories: examples/repos/reference (1.0) and examples/repos/candidate (1.1).
#
#   examples/build.sh [OUTPUT]        OUTPUT defaults to examples/repos
#
# Needs rpmbuild, find-debuginfo (package debugedit), eu-strip (elfutils), dwz, createrepo_c, cc, c++ and patch.
# The same sources and the same versions of those tools give the same bytes.
set -euo pipefail
umask 022
export LC_ALL=C TZ=UTC SOURCE_DATE_EPOCH=1735689600 # 2025-01-01

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "${1:-$here/repos}"
output=$(cd "${1:-$here/repos}" && pwd)
missing=
for tool in rpmbuild find-debuginfo eu-strip dwz createrepo_c rpm2cpio cpio cc c++ patch; do
    command -v "$tool" >/dev/null || [ -x "/usr/lib/rpm/$tool.sh" ] || missing="$missing $tool"
done
[ -z "$missing" ] || { echo "build.sh: missing:$missing" >&2; exit 2; }

# Always the same directory, for the few places where a length shows.
work=/tmp/abide-examples
mkdir "$work" || { echo "build.sh: $work is in use" >&2; exit 2; }
trap 'rm -rf "$work"' EXIT

build() { # version name
    local top="$work/$1/$2"
    mkdir -p "$top/SOURCES"
    tar --create --file "$top/SOURCES/$2.tar" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 \
        --numeric-owner --directory "$here/src" "$2"
    cp "$here"/src/*.patch "$top/SOURCES/"
    rpmbuild -bb --quiet --load "$here/rpm.macros" \
        --define "_topdir $top" --define "example_version $1" --define "example_sysroot $work/$1/sysroot" \
        "$here/specs/$2.spec" >"$top.log" 2>&1 || { cat "$top.log" >&2; exit 1; }
    mv "$top"/RPMS/*/*.rpm "$work/$1/rpms/"
}

release() { # version directory
    mkdir -p "$work/$1/rpms" "$work/$1/sysroot"
    for name in tide moor buoy; do build "$1" "$name"; done
    for package in "$work/$1"/rpms/lib*.rpm "$work/$1"/rpms/*-devel-*.rpm; do
        (cd "$work/$1/sysroot" && rpm2cpio "$package" | cpio --quiet -idmu 2>/dev/null)
    done
    build "$1" harbor
    rm -f "$work/$1"/rpms/*-debugsource-*.rpm
}

publish() { # version directory
    rm -rf "${output:?}/$2"
    mkdir -p "$output/$2"
    cp "$work/$1"/rpms/*.rpm "$output/$2/"
    touch --date="@$SOURCE_DATE_EPOCH" "$output/$2"/*.rpm
    createrepo_c --quiet --no-database --revision "$SOURCE_DATE_EPOCH" --set-timestamp-to-revision "$output/$2"
}

release 1.0
release 1.1
# The gap of the story: the candidate ships no debug information for libbuoy.
rm "$work"/1.1/rpms/*buoy*-debuginfo-*.rpm
publish 1.0 reference
publish 1.1 candidate
du -sh "$output"
