#!/usr/bin/env bash
# The campaigns of the tests, larger: 10,000 kills of the real agent (about half
# an hour), 20,000 days of faults (some ten minutes). `bench/campaigns.sh KILLS DAYS` for others.
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-10000} days=${2:-20000}
export GOTOOLCHAIN=local

echo "== $kills kills"
go test ./agent/blackbox -count=1 -run '^TestAKilledAgentComesUpOffAndKnowsItsLastSetpoint$' -v -timeout 0 -kills "$kills" | grep -v '^=== '

echo "== $days days of faults"
THERMOSTAT_CAMPAIGN_DAYS=$days go test ./drivers -count=1 -run '^TestNoFaultKeepsTheHeatOnTooLong$' -v -timeout 0 |
  grep -v '^=== \|^ *--- PASS: TestNoFaultKeepsTheHeatOnTooLong/'

echo "== the guards: healthy days, and times to find dead and welded relays"
go test ./drivers -count=1 -run '^TestGuards' -v | grep 'healthy days\|found:\|, all\|FAIL' | grep -v ' 10 found'
