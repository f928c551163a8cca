"""For build.sh: what Home Assistant's parts need, and a lock file of what pip chose.

needs         prints the requirements of the parts that the tests use
lock REPORT   prints a requirements file with hashes, from pip's report
"""

import json
import pathlib
import sys

# What the tests use, and what a page of the frontend loads; what these depend on comes by itself.
PARTS = """climate config generic_thermostat history lovelace mqtt recorder sensor
    ai_task alarm_control_panel assist_satellite calendar camera cover fan humidifier light lock media_player notify
    remote siren todo update vacuum valve water_heater""".split()


def needs():
    from homeassistant import bootstrap, components

    folder = pathlib.Path(components.__path__[0])
    waiting = set(PARTS) | set(bootstrap.CORE_INTEGRATIONS) | set(bootstrap.DEFAULT_INTEGRATIONS) | {"backup", "frontend"}
    seen, wanted = set(), set()
    while waiting:
        part = waiting.pop()
        seen.add(part)
        manifest = json.loads((folder / part / "manifest.json").read_text())
        wanted.update(manifest.get("requirements", []))
        waiting.update(set(manifest.get("dependencies", [])) - seen)
    print("\n".join(sorted(wanted)))


def lock(report):
    rows = []
    for item in json.loads(pathlib.Path(report).read_text())["install"]:
        kind, value = next(iter(item["download_info"]["archive_info"]["hashes"].items()))
        rows.append(f"{item['metadata']['name'].lower()}=={item['metadata']['version']} --hash={kind}:{value}")
    print("# Written by build.sh lock, for the Python of Debian trixie on amd64.")
    print("\n".join(sorted(rows)))


if sys.argv[1] == "needs":
    needs()
else:
    lock(sys.argv[2])
