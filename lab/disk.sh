#!/usr/bin/env bash
# Makes the disks that the packages are tested on, from Debian's packages: a
# small Debian for arm64 that boots with systemd on the virtual board, and one
# for this machine's own architecture that boots in a container. They go into
# the cache folder of build.sh. A second run finds them finished.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${THERMOSTAT_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/thermostat-lab}

step() { printf '%4ds  %s\n' "$SECONDS" "$*"; }

stamp=$(sha256sum "$here/disk.sh" | cut -c1-16)
if [ "$(cat "$cache/disk/stamp" 2>/dev/null)" = "$stamp" ]; then
  echo "lab: $cache/disk is up to date"
  exit
fi
[ "$(id -u)" = 0 ] || { echo "lab: disk.sh makes file systems with their owners: run it as root" >&2; exit 1; }

missing=()
for p in mmdebstrap arch-test qemu-user-static binfmt-support qemu-utils e2fsprogs systemd-container; do
  dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p")
done
if ((${#missing[@]})); then
  step "tools: ${missing[*]}"
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >/dev/null
fi
# Programs of arm64 run here by emulation, for their packages' own scripts.
mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
update-binfmts --enable qemu-aarch64

# In memory, if there is room: dpkg asks the disk to be sure at every file.
fast=/dev/shm
[ "$(df --output=avail -k "$fast" 2>/dev/null | tail -1)" -ge 2000000 ] || fast=$cache
mkdir -p "$cache"
work=$(mktemp -d "$fast/thermostat-disk.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir "$work/disk"

# Where this machine's own packages come from, and how its apt is set up.
sources=(/etc/apt/sources.list.d/debian.sources)
[ -f "${sources[0]}" ] || sources=(/etc/apt/sources.list)
release=$(. /etc/os-release && echo "$VERSION_CODENAME")

debian() { # ARCHITECTURE FOLDER PACKAGES
  TMPDIR=$fast mmdebstrap --quiet --arch="$1" --variant=minbase \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
    --include="systemd-sysv,udev,dbus,kmod$3" --dpkgopt=force-unsafe-io \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-include=/usr/share/doc/thermostat/*' \
    --customize-hook='chroot "$1" systemctl --quiet mask serial-getty@ttyAMA0.service console-getty.service getty.target apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer dpkg-db-backup.timer mosquitto.service unattended-upgrades.service' \
    --customize-hook='echo cabin >"$1/etc/hostname"; printf "127.0.0.1 localhost cabin\n" >"$1/etc/hosts"; : >"$1/etc/machine-id"' \
    --customize-hook='mkdir -p "$1/etc/systemd/journald.conf.d"; printf "[Journal]\nStorage=persistent\nRateLimitBurst=0\n" >"$1/etc/systemd/journald.conf.d/lab.conf"' \
    "$release" "$2" "${sources[@]}"
}

step "Debian for arm64"
debian arm64 "$work/arm64" ""
truncate -s 1G "$work/arm64.raw"
mke2fs -q -t ext4 -d "$work/arm64" "$work/arm64.raw"
qemu-img convert -O qcow2 "$work/arm64.raw" "$work/disk/arm64.qcow2"

step "Debian for this machine"
# With a broker, and with what upgrades by itself: their tests start both.
debian "$(dpkg --print-architecture)" "$work/disk/container" ,mosquitto,mosquitto-clients,unattended-upgrades

echo "$stamp" >"$work/disk/stamp"
rm -rf "$cache/disk"
mv "$work/disk" "$cache/disk"
step "done: $cache/disk"
