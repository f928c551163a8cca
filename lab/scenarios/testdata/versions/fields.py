# Puts fields that no version knows yet into every file of the state folder that holds an object.
import glob, json, zlib

for name in glob.glob("/var/lib/thermostat/**", recursive=True):
    try:
        with open(name) as f:
            head, body = f.read().split("\n", 1)
        value = json.loads(body)
    except (OSError, ValueError):
        continue
    if head.startswith("thermostat-memory-1 ") and isinstance(value, dict):
        value["later"] = {"program": [1, 2]}
        for inner in value.values():
            if isinstance(inner, dict):
                inner["later"] = "yes"
        body = json.dumps(value, separators=(",", ":"))
        with open(name, "w") as f: # its owner and its mode stay
            f.write("thermostat-memory-1 %08x\n%s" % (zlib.crc32(body.encode()), body))
