#!/usr/bin/env bash
# Makes a folder with Debian trixie and, in it, a whole Home Assistant: the one
# that the tests of this package's parent ask what it has understood. It lies in a
# cache folder outside the repository; nothing of it is installed. A second run
# finds it finished.
#
#   build.sh        what requirements.lock names, each file by its hash
#   build.sh lock   writes requirements.lock anew: the newest release that this
#                   Debian's Python takes, and what its parts need that the tests use
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/thermostat-homeassistant
release=trixie

step() { printf '%4ds  %s\n' "$SECONDS" "$*"; }

[ -f "$here/requirements.lock" ] || touch "$here/requirements.lock"
stamp=$(cat "$here/build.sh" "$here/requirements.lock" | sha256sum | cut -c1-16)
if [ "${1:-}" != lock ] && [ "$(cat "$cache/stamp" 2>/dev/null)" = "$stamp" ]; then
  echo "home assistant: $cache is up to date"
  exit
fi
[ "$(id -u)" = 0 ] || { echo "home assistant: build.sh makes a file system with its owners: run it as root" >&2; exit 1; }

if ! dpkg -s mmdebstrap >/dev/null 2>&1; then
  step "tools: mmdebstrap"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends mmdebstrap >/dev/null
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
root=$work/root

step "Debian $release"
# From where this machine's own packages come.
sources=/etc/apt/sources.list.d/debian.sources
[ -f "$sources" ] || sources=/etc/apt/sources.list
sed "s/\b$(. /etc/os-release && echo "$VERSION_CODENAME")\b/$release/g" "$sources" >"$work/${sources##*/}"
TMPDIR=$work mmdebstrap --quiet --variant=minbase \
  --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
  --include=python3-venv,python3-dev,g++,ca-certificates,libfaketime,libturbojpeg0,tzdata --dpkgopt=force-unsafe-io \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  "$release" "$root" "$work/${sources##*/}"

# pip runs in the folder, and reaches the index as it does on this machine.
cp /etc/resolv.conf "$root/etc/resolv.conf"
for f in /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do [ ! -f "$f" ] || cp "$f" "$root$f"; done
pip() { PIP_FIND_LINKS= chroot "$root" /opt/homeassistant/bin/python -m pip --no-cache-dir --disable-pip-version-check --quiet "$@"; }
chroot "$root" python3 -m venv /opt/homeassistant

if [ "${1:-}" = lock ]; then
  step "the newest release"
  pip install --root-user-action=ignore homeassistant
  cp "$here/needs.py" "$root/tmp/needs.py"
  chroot "$root" /opt/homeassistant/bin/python /tmp/needs.py needs >"$root/tmp/needs"
  step "$(wc -l <"$root/tmp/needs") requirements of its parts"
  constraints=$(chroot "$root" sh -c 'ls /opt/homeassistant/lib/python3*/site-packages/homeassistant/package_constraints.txt')
  version=$(chroot "$root" /opt/homeassistant/bin/python -c 'from homeassistant.const import __version__; print(__version__)')
  pip install --root-user-action=ignore --dry-run --ignore-installed --report /tmp/report \
    --constraint "$constraints" --requirement /tmp/needs "homeassistant==$version"
  chroot "$root" /opt/homeassistant/bin/python /tmp/needs.py lock /tmp/report >"$here/requirements.lock"
  step "done: requirements.lock, $version; now: build.sh"
  exit
fi

step "Home Assistant"
cp "$here/requirements.lock" "$root/tmp/requirements.lock"
pip install --root-user-action=ignore --no-deps --require-hashes --requirement /tmp/requirements.lock
: >"$root/etc/resolv.conf" # from here on it has no names to ask for
mkdir "$root/config"

echo "$stamp" >"$work/stamp"
rm -rf "$cache/root" "$cache/stamp"
mv "$root" "$cache/root"
mv "$work/stamp" "$cache/stamp"
step "done: $cache, $(du -sm "$cache/root" | cut -f1) MiB"
