#!/usr/bin/env bash
# Brings the jars of Apache Kafka that pom.xml names into a cache folder outside the
# repository. Needs Debian's maven. A second run finds them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=${THERMOSTAT_KAFKA:-${XDG_CACHE_HOME:-$HOME/.cache}/thermostat-kafka}
stamp=$(sha256sum <"$here/pom.xml")
[ "$(cat "$cache/stamp" 2>/dev/null)" != "$stamp" ] || exit 0
rm -rf "$cache/jars"
mkdir -p "$cache"
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$cache/jars"
echo "$stamp" >"$cache/stamp"
