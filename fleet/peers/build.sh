#!/usr/bin/env bash
# Builds the operators of the other engines, with all the jars that they need, into a cache
# folder outside the repository. Needs Debian's maven and a JDK of Java 17. A second run
# finds them, unless a source has changed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${THERMOSTAT_PEERS:-${XDG_CACHE_HOME:-$HOME/.cache}/thermostat-peers}
stamp=$(cd "$here" && cat build.sh pom.xml ./*/pom.xml ./*/src/*.java ../../proto/thermostat.proto | sha256sum)
[ "$(cat "$cache/stamp" 2>/dev/null)" != "$stamp" ] || exit 0
rm -rf "$cache"
mkdir -p "$cache"
mvn -q -B -f "$here/pom.xml" package -Dcache="$cache"
rm -r "$cache/build"
echo "$stamp" >"$cache/stamp"
