#!/usr/bin/env bash
# Makes dist/: static binaries for Linux on arm v6, arm v7, arm64 and amd64,
# Debian packages for armhf (arm v6 code, which every Raspberry Pi runs), arm64
# and amd64, and their checksums. Two runs of one commit give the same bytes.
#
#     ./cross-build.sh               # all of them
#     ./cross-build.sh arm64         # one target: armv6 armv7 arm64 amd64
#
# VERSION=1.2.3 names the packages otherwise than by tag and commit.
set -euo pipefail
cd "$(dirname "$0")"
export CGO_ENABLED=0 GOTOOLCHAIN=local LC_ALL=C TZ=UTC

targets=(armv6 armv7 arm64 amd64)
(($# == 0)) || targets=("$@")
for t in "${targets[@]}"; do
  case $t in armv6 | armv7 | arm64 | amd64) ;; *) echo "cross-build: unknown target $t: armv6, armv7, arm64 or amd64" >&2; exit 2 ;; esac
done

# All times in what is made are the commit's.
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
commit_time() { date -u -d "@$SOURCE_DATE_EPOCH" "+$1"; }

# The tag of a release; between releases a word behind it that grows with time.
version() {
  local tag
  tag=$(git describe --tags --match 'v[0-9]*' --abbrev=0 2>/dev/null || echo v0.0.0)
  if [ "$(git describe --tags --match 'v[0-9]*' --exact-match 2>/dev/null)" = "$tag" ]; then
    echo "${tag#v}"
  else
    echo "${tag#v}+git$(commit_time %Y%m%d%H%M%S).$(git rev-parse --short=8 HEAD)"
  fi
}
VERSION=${VERSION:-$(version)}
export VERSION

mkdir -p dist
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# HTTP/2 stays out: browsers speak it over TLS alone, and the page has none.
build() { # GOARCH GOARM FILE
  GOOS=linux GOARCH=$1 GOARM=$2 go build -tags nethttpomithttp2 -trimpath -buildvcs=true -ldflags='-s -w' -o "$3" ./agent
}

# What all packages share.
gather() {
  cp -r systemd/thermostat.service systemd/sysusers.conf systemd/60-thermostat.rules systemd/deb "$stage"
  sed -e "s/@DATE@/$(commit_time '%B %-d, %Y')/" -e "s/@VERSION@/$VERSION/" systemd/thermostat.1 | gzip -9n >"$stage/thermostat.1.gz"
  build "$(go env GOHOSTARCH)" "" "$stage/here"
  for shell in bash zsh fish; do "$stage/here" completion $shell >"$stage/completion.$shell"; done
  mkdir -p "$stage/doc/examples" "$stage/doc/docs"
  gzip -9nc CHANGELOG.md >"$stage/doc/CHANGELOG.md.gz"
  cp README.md "$stage/doc"
  cp docs/*.md docs/*.png docs/*.svg "$stage/doc/docs"
  cp systemd/deb/copyright "$stage/doc"
  cp systemd/config.yaml examples/*.yaml examples/recording.csv "$stage/doc/examples"
  chmod -R u=rwX,go=rX "$stage"
  # Go's cache makes all but the first build of this quick.
  (cd systemd/tools && CGO_ENABLED=0 go build -o "$stage/nfpm" github.com/goreleaser/nfpm/v2/cmd/nfpm)
}

package() { # BINARY ARCHITECTURE
  cp "$1" "$stage/thermostat"
  local file="dist/thermostat_${VERSION}_$2.deb"
  (cd "$stage" && ARCH=$2 ./nfpm package --packager deb --config deb/nfpm.yaml --target "$OLDPWD/$file" >/dev/null)
  made+=("$file")
}

made=()
gather
for t in "${targets[@]}"; do
  file=dist/thermostat-linux-$t
  made+=("$file")
  case $t in
  armv6)
    build arm 6 "$file"
    package "$file" armhf
    ;;
  armv7) build arm 7 "$file" ;;
  *)
    build "$t" "" "$file"
    package "$file" "$t"
    ;;
  esac
done
# Of these files alone: dist may hold older ones.
(cd dist && sha256sum -- "${made[@]#dist/}" >SHA256SUMS)
printf '%s\n' "${made[@]}" dist/SHA256SUMS
