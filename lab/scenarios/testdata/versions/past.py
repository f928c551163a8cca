# Makes files as an agent has left them: the sauna's heater was ordered on in vain and is latched off, and a relay at GPIO17 is
# held, whose chip is gone, so that no agent can switch it off and take it from the list.
import json, os, zlib

os.umask(0o077)
STATE = "/var/lib/thermostat/"


def write(name, value):
    body = json.dumps(value, separators=(",", ":"))
    with open(STATE + name, "w") as f:
        f.write("thermostat-memory-1 %08x\n%s" % (zlib.crc32(body.encode()), body))


write("relays", [{"line": "GPIO17", "active_low": False}])
write("zones/sauna.past", {
    "boot": "another", "heater": {"on": False, "since": 1, "why": "min_off"}, "cooler": None,
    "counters": {
        "heater": {"cycles": 4100, "on": 3600 * 10**9 * 1234}, "cooler": {"cycles": 0, "on": 0},
        "accepted": 70, "refused": 3, "faults": {"not_warming": 1},
    },
    "heat": {"tripped": True, "learned": {"Proofs": 5, "Delay": 7 * 60 * 10**9, "Overshoot": 0.4}},
    "cool": {"tripped": False, "learned": {"Proofs": 0, "Delay": 0, "Overshoot": 0}},
})
