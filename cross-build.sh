#!/usr/bin/env bash
# Makes dist/: static binaries for Linux on arm v6, arm v7, arm64 and amd64,
# Debian packages for armhf (arm v6 code, which every Raspberry Pi runs), arm64
# and amd64, a list of what is in each binary (SBOM, CycloneDX), and the
# checksums of all that. Two runs of one commit give the same bytes.
#
#     ./cross-build.sh               # all of them
#     ./cross-build.sh arm64         # one target: armv6 armv7 arm64 amd64
#
# MINISIGN_KEY=file signs the checksums. VERSION=1.2.3 names binaries and
# packages otherwise than by release and commit.
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

# The file VERSION names the release, whose commit has the tag. What comes after
# it has a word behind it that grows with time, as agent/cli/build.go makes it.
version() {
  local release commit
  release=$(<VERSION)
  commit=$(git rev-parse HEAD)
  if [ "$(git rev-parse -q --verify "refs/tags/v$release^{commit}")" = "$commit" ] && [ -z "$(git status --porcelain)" ]; then
    echo "$release"
  else
    echo "$release+git$(commit_time %Y%m%d%H%M%S).${commit:0:8}"
  fi
}
VERSION=${VERSION:-$(version)}
export VERSION

mkdir -p dist
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

# HTTP/2 stays out: browsers speak it over TLS alone, and the page has none.
build() { # GOARCH GOARM FILE
  GOOS=linux GOARCH=$1 GOARM=$2 go build -tags nethttpomithttp2 -trimpath -buildvcs=true \
    -ldflags="-s -w -X thermostat/agent/cli.linked=$VERSION" -o "$3" ./agent
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
  nfpm=$(tool nfpm)
  cyclonedx=$(tool cyclonedx-gomod)
}

# A tool's file in Go's cache, built if it is not there. A list of contents has
# the checksum of the tool that made it: so no path and no commit in there.
tool() { (cd systemd/tools && GOFLAGS="-trimpath -buildvcs=false" go tool -n "$1"); }

# What is in a binary: the modules and Go's own library, without a number or a time that each run makes anew.
sbom() { # BINARY
  "$cyclonedx" bin -json -std -noserial -notimestamp -version "$VERSION" -output "$1.cdx.json" "$1" 2>"$stage/said" ||
    { cat "$stage/said" >&2; return 1; }
  made+=("$1.cdx.json")
}

# One signature is enough for all files: it is that of their checksums.
sign() {
  rm -f dist/SHA256SUMS.minisig
  if [ -z "${MINISIGN_KEY:-}" ]; then
    echo "cross-build: not signed: MINISIGN_KEY names no key" >&2
    return
  fi
  minisign -S -s "$MINISIGN_KEY" -m dist/SHA256SUMS -t "thermostat $VERSION" >/dev/null
  echo dist/SHA256SUMS.minisig
}

package() { # BINARY ARCHITECTURE
  cp "$1" "$stage/thermostat"
  local file="dist/thermostat_${VERSION}_$2.deb"
  (cd "$stage" && ARCH=$2 "$nfpm" package --packager deb --config deb/nfpm.yaml --target "$OLDPWD/$file" >/dev/null)
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
  sbom "$file"
done
# Of these files alone: dist may hold older ones.
(cd dist && sha256sum -- "${made[@]#dist/}" >SHA256SUMS)
printf '%s\n' "${made[@]}" dist/SHA256SUMS
sign
