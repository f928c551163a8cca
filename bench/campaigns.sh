#!/usr/bin/env bash
# The campaigns of the tests, larger: 10,000 kills of the real agent, a tenth as many of agents with programs (about three quarters
# of an hour), 20,000 days of faults (some ten minutes). `bench/campaigns.sh KILLS DAYS` for others.
set -euo pipefail
cd "$(dirname "$0")/.."
kills=${1:-10000} days=${2:-20000}
export GOTOOLCHAIN=local

echo "== $kills kills"
go test ./agent/blackbox -count=1 -run '^TestAKilledAgentComesUpOffAndKnowsItsLastSetpoint$' -v -timeout 0 -kills "$kills" | grep -v '^=== '

echo "== a tenth as many kills around transitions and the ends of holds"
go test ./agent/blackbox -count=1 -run '^TestAKilledAgentAimsAtWhatItsProgramAndHoldsSay$' -v -timeout 0 -program-kills "$((kills / 10))" | grep -v '^=== '

echo "== $days days of faults"
THERMOSTAT_CAMPAIGN_DAYS=$days go test ./drivers -count=1 -run '^TestNoFaultKeepsTheHeatOnTooLong$' -v -timeout 0 |
  grep -v '^=== \|^ *--- PASS: TestNoFaultKeepsTheHeatOnTooLong/'

echo "== the guards: healthy days, and times to find dead and welded relays"
go test ./drivers -count=1 -run '^TestGuards' -v | grep 'healthy days\|found:\|, all\|FAIL' | grep -v ' 10 found'

echo "== 60,000 random worlds of setpoints and programs for each property of the protocol"
THERMOSTAT_WORLDS=60000 go test ./mqtt/setpoint -count=1 -v -timeout 0 -run '^(TestTheArbiterComesToRestObeyingWhatIsRetained|TestTheLastControlWins|TestAPersonsControlIsNotLostToTheEndOfAHold)$' | grep -v '^=== '
