#!/usr/bin/env bash
# Makes what the virtual board boots from Debian's packages: the kernel, its
# modules, and those that Debian leaves out, built from Debian's own source.
# Everything goes into a cache folder outside the repository; nothing of it is
# installed. A second run finds it finished.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${THERMOSTAT_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/thermostat-lab}

step() { printf '%4ds  %s\n' "$SECONDS" "$*"; }

# The tools of the host. Root installs what is missing, others are told.
tools=(qemu-system-arm gcc-12-aarch64-linux-gnu kmod make patch xz-utils)
missing=()
for p in "${tools[@]}"; do dpkg -s "$p" >/dev/null 2>&1 || missing+=("$p"); done
arm64=$(dpkg --print-foreign-architectures | grep -cx arm64 || true)
if ((${#missing[@]} || !arm64)); then
  [ "$(id -u)" = 0 ] || { echo "lab: as root: dpkg --add-architecture arm64; apt-get update; apt-get install ${missing[*]}" >&2; exit 1; }
  step "tools: ${missing[*]}"
  dpkg --add-architecture arm64
  apt-get update -q >/dev/null
  ((!${#missing[@]})) || DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >/dev/null
fi

image=$(apt-cache depends linux-image-arm64:arm64 | sed -n 's/.*Depends: \(linux-image-[0-9][^:]*\).*/\1/p' | head -1)
[ -n "$image" ] || { echo "lab: apt knows no linux-image-arm64: apt-get update" >&2; exit 1; }
version=${image#linux-image-}                     # 6.1.0-56-arm64
series=$(cut -d. -f1,2 <<<"$version")             # 6.1
stamp="$version $(cat "$here/build.sh" "$here"/modules/* | sha256sum | cut -c1-16)"
if [ "$(cat "$cache/board/stamp" 2>/dev/null)" = "$stamp" ]; then
  echo "lab: $cache/board is up to date ($version)"
  exit
fi

mkdir -p "$cache"
work=$(mktemp -d "$cache/build.XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"

step "packages of $version"
download() {
  apt-get -q -o APT::Sandbox::User=root download "$image:arm64" "linux-headers-$version:arm64" \
    "linux-headers-${version%-arm64}-common" "linux-kbuild-$series" "linux-source-$series" >/dev/null
}
download || { apt-get update -q >/dev/null; download; } # the index may be older than the archive
for p in *.deb; do dpkg-deb -x "$p" root; done

step "sources of modules"
source=linux-source-$series
tar -xJf "root/usr/src/$source.tar.xz" --strip-components=1 \
  "$source/drivers/gpio/gpio-virtio.c" "$source/drivers/i2c/busses/i2c-virtio.c" \
  "$source/drivers/iio/humidity/htu21.c" "$source/drivers/iio/common/ms_sensors/ms_sensors_i2c.h" \
  "$source"/drivers/pinctrl/pinctrl-mcp23s08{.c,.h,_i2c.c} "$source/drivers/gpio/gpio-pcf857x.c"
mkdir modules
cp "$here/modules/Makefile" modules/
cp drivers/gpio/gpio-virtio.c modules/pinctrl-rp1.c
cp drivers/i2c/busses/i2c-virtio.c modules/i2c-virtio.c
cp drivers/iio/humidity/htu21.c drivers/pinctrl/pinctrl-mcp23s08* drivers/gpio/gpio-pcf857x.c modules/
cp -r drivers/iio/common . # where htu21.c looks for its header
for p in "$here"/modules/*.patch; do patch -s -d modules -p1 <"$p"; done

step "modules"
headers=$work/root/usr/src/linux-headers-$version
# The one line of this Makefile names the place where the package would be installed.
echo "include $work/root/usr/src/linux-headers-${version%-arm64}-common/Makefile" >"$headers/Makefile"
make -s -C "$headers" M="$work/modules" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu- CC=aarch64-linux-gnu-gcc-12 modules >make.log 2>&1 ||
  { cat make.log >&2; exit 1; }

step "board"
mkdir board board/modules
cp "root/boot/vmlinuz-$version" board/vmlinuz
depmod -b root "$version"
for m in virtio_pci virtio_console virtio_net virtio_blk ext4 autofs4 i2c-dev ds2482 w1_therm sht4x sht3x bmp280-i2c ms_sensors_i2c; do
  modprobe -d "$work/root" -S "$version" --show-depends "$m" | grep ^insmod | while read -r _ file _; do
    cp -n "$file" board/modules/
    basename "$file" .ko
  done | tr '\n' ' ' | sed "s/^/$m: /; s/ $/\n/"
done >board/modules/order # a line for each: its name, then what to load, in this order
cp modules/*.ko board/modules/
printf '%s\n' "pinctrl-rp1: pinctrl-rp1" "i2c-virtio: i2c-virtio" "mcp23s08: pinctrl-mcp23s08 pinctrl-mcp23s08_i2c" "pcf857x: gpio-pcf857x" >>board/modules/order
echo "htu21: industrialio $(sed -n 's/^ms_sensors_i2c: //p' board/modules/order) htu21" >>board/modules/order
echo "$stamp" >board/stamp

rm -rf "$cache/board"
mv board "$cache/board"
step "done: $cache/board"
