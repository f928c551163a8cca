#!/usr/bin/env bash
# Makes thermostat.pb.go from thermostat.proto. Needs Debian's protobuf-compiler and libprotobuf-dev.
set -euo pipefail
cd "$(dirname "$0")"
plugin=$(mktemp -d)
trap 'rm -rf "$plugin"' EXIT
go build -o "$plugin/protoc-gen-go" google.golang.org/protobuf/cmd/protoc-gen-go
PATH="$plugin:$PATH" protoc --go_out=. --go_opt=paths=source_relative thermostat.proto
