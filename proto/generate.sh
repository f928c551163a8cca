#!/usr/bin/env bash
# Makes the Go of all messages: thermostat.proto, and what the engine keeps. Needs Debian's protobuf-compiler and libprotobuf-dev.
set -euo pipefail
cd "$(dirname "$0")"
plugin=$(mktemp -d)
trap 'rm -rf "$plugin"' EXIT
go build -o "$plugin/protoc-gen-go" google.golang.org/protobuf/cmd/protoc-gen-go
export PATH="$plugin:$PATH"
protoc --go_out=. --go_opt=paths=source_relative thermostat.proto
cd ../fleet/engine
protoc --go_out=. --go_opt=paths=source_relative state.proto
