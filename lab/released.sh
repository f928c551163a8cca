#!/usr/bin/env bash
# Makes the package that people have, for this machine: that of the release and
# the commit in lab/released, from this repository. It goes into the cache folder of
# build.sh, by its commit. A second run finds it finished. Prints where it is.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${THERMOSTAT_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/thermostat-lab}

read -r release commit <"$here/released"
architecture=$(dpkg --print-architecture)
file=$cache/released/$commit/thermostat_${release}_$architecture.deb
if [ ! -e "$file" ]; then
  git -C "$here" cat-file -e "$commit^{commit}" 2>/dev/null ||
    { echo "lab: the commit $commit of release $release is not in this clone: git fetch --unshallow" >&2; exit 1; }
  mkdir -p "$cache/released"
  work=$(mktemp -d "$cache/released/making.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  git clone -q --no-checkout "$here/.." "$work/source"
  cd "$work/source"
  git checkout -q --detach "$commit"
  git tag -f "v$release" >/dev/null
  ./cross-build.sh "$architecture" >&2
  mkdir "$work/made"
  mv "dist/$(basename "$file")" "$work/made"
  rm -rf "$cache/released/$commit"
  mv "$work/made" "$cache/released/$commit"
fi
echo "$file"
