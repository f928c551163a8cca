#!/bin/sh
# Runs the Home Assistant that build.sh made, on a folder with its configuration:
#   run.sh CONFIG [DATE]
# With a date, such as "2026-01-31 13:58:00", its wall clock begins then. It is
# this very process: whoever ends that ends Home Assistant. It sees its own Debian
# and the folder, and no name service: all that it reaches are addresses.
set -eu
root=${XDG_CACHE_HOME:-$HOME/.cache}/thermostat-homeassistant/root
[ "$(id -u)" = 0 ] || user=--map-root-user
exec unshare ${user:-} --mount sh -euc '
  root=$1 config=$2 date=$3
  for d in dev proc; do mount --rbind "/$d" "$root/$d"; done
  mount -t tmpfs tmpfs "$root/tmp"
  mount --bind "$config" "$root/config"
  clock=/$(cd "$root" && ls usr/lib/*/faketime/libfaketime.so.1)
  exec chroot "$root" /usr/bin/env -i HOME=/config PATH=/usr/bin:/bin LANG=C.UTF-8 TZ=UTC \
    ${date:+"LD_PRELOAD=$clock"} ${date:+"FAKETIME=@$date"} ${date:+FAKETIME_DONT_FAKE_MONOTONIC=1} ${date:+FAKETIME_DONT_RESET=1} \
    /opt/homeassistant/bin/hass --config /config --skip-pip --log-no-color
' sh "$root" "$1" "${2:-}"
