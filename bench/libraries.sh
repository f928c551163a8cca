#!/usr/bin/env bash
# The arm64 binary library by library, in bytes: code and data whose names are
# the library's. Tables of lines and types, which grow with all of them, have no owner.
set -euo pipefail
cd "$(dirname "$0")/.."
made=$(mktemp)
trap 'rm -f "$made"' EXIT
CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -tags nethttpomithttp2 -trimpath -buildvcs=false -o "$made" ./agent
go tool nm -size "$made" | awk '
  $3 ~ /[bB]/ || $4 == "crypto/internal/fips140/drbg.memory" { next } # takes no room in the file
  {
    name = $4; gsub(/%2e/, ".", name); sub(/[(\[].*/, "", name)
    n = split(name, part, "/")
    if (name ~ /^(type|go):/) owner = "types, no owner"
    else if (name ~ /paho\.mqtt/) owner = "github.com/eclipse/paho.mqtt.golang"
    else if (part[1] ~ /^(google\.golang\.org|periph\.io)/) { sub(/\..*/, "", part[2]); owner = part[1] "/" part[2] }
    else if (part[1] ~ /\./ && n > 2) { sub(/\..*/, "", part[3]); owner = part[1] "/" part[2] "/" part[3] }
    else if (name ~ /^(thermostat\/|main\.)/) owner = "ours"
    else if (name ~ /^(crypto|vendor|net)[\/.]/) owner = "std: net, net/http, crypto"
    else if (name ~ /^(runtime|internal\/runtime)[\/.]/) owner = "std: runtime"
    else owner = "std: the rest"
    bytes[owner] += $2
  }
  END { for (o in bytes) print bytes[o], o }' | sort -rn
