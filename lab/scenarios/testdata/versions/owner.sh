# The owner of a house of 20 zones: installs the release by apt, lives with it, goes up to the package under test, back, and
# up again. After each step a book is made of all that anybody can see of the agent.
set -e
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
state=/var/lib/thermostat
base=thermostat/cabin
http() { python3 - "$@" <<'END'
import sys, urllib.request
method, path, body = sys.argv[1:]
request = urllib.request.Request("http://127.0.0.1:8466" + path, body.encode() or None, method=method)
print(urllib.request.urlopen(request).read().decode())
END
}
book() { echo "$SECONDS s: book $1"; python3 /lab/book.py "/lab/book.$1" "$2"; }
repository() { ln -sfn "/lab/apt.$1" /lab/apt; apt-get update; }

rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* # there is no network
ln -sfn /lab/apt.spoilt /lab/apt
cp /lab/apt.old/thermostat.asc /etc/apt/keyrings/
cp /lab/thermostat.sources /etc/apt/sources.list.d/
if apt-get update -o APT::Update::Error-Mode=any; then echo "a list with a wrong byte is taken"; fi
repository old
apt-get install -y thermostat

mkdir -p /etc/thermostat /etc/mosquitto/conf.d
printf 'listener 1883 127.0.0.1\nallow_anonymous true\n' >/lab/mosquitto.conf
systemd-run -q --unit=broker mosquitto -c /lab/mosquitto.conf
for i in $(seq 100); do ! mosquitto_pub -t up -m '' 2>/dev/null || break; sleep 0.1; done

# What the house was before: a latched fault, a held relay whose chip is gone, and what a newer version has left.
install -d -o thermostat -g thermostat -m 700 $state $state/zones $state/programs
python3 /lab/past.py
echo '{"monday":[]}' >$state/zones/bath.program
echo '{"holiday":true}' >$state/programs/house
chown thermostat:thermostat $state/* $state/*/*
mosquitto_pub -r -t $base/bath/guests -m 'six o-clock'
mosquitto_pub -r -t $base/programs -m '{"holiday":true}'
mosquitto_pub -r -t homeassistant/device/other/config -m '{"of":"somebody else"}'

# All setpoints come: by the broker, by the page, by a plain topic, as JSON and as protobuf. Everything is on for a while.
cp /lab/warm.yaml /etc/thermostat/config.yaml
mosquitto_pub -r -t $base/kitchen/control -m '{"desired":22.25,"mode":"heat","up_delta":0.5,"down_delta":0.25,"id":"ann/7","source":"ann"}'
# desired 23.5, mode heat, and a field 99 that no version knows yet
printf '\x11\x00\x00\x00\x00\x00\x80\x37\x40\x28\x02\x9a\x06\x05later' | mosquitto_pub -r -t $base/cellar/control -s
for zone in bath hall; do mosquitto_pub -r -t $base/$zone/control -m '{"desired":21}'; done
mosquitto_pub -r -t $base/garage/control -m '{"mode":"off"}'
mosquitto_pub -r -t $base/study/control -m '{"desired":24,"mode":"heat_cool","up_delta":1,"down_delta":1}'
for i in $(seq 11 20); do
  mosquitto_pub -r -t $base/room-$i/control -m "{\"desired\":$((21 + (i - 11) / 2)).$(((i - 11) % 2 * 5 + 2)),\"mode\":\"heat\",\"source\":\"ann\"}"
done
# Home Assistant listens: -R leaves out what is retained.
systemd-run -q --unit=home-assistant -p StandardOutput=file:/lab/announced mosquitto_sub -R -t 'homeassistant/device/+/config' -F %p
systemctl start thermostat
echo "$SECONDS s: the first start"
python3 /lab/book.py /dev/null
http PUT /api/zones/bath/control '{"desired":23,"mode":"heat","up_delta":0.25}'
mosquitto_pub -t $base/hall/set/desired -m 22.5
mosquitto_pub -t $base/hall/set/mode -m heat
mosquitto_pub -t $base/hall/set/desired -m 99 # is refused
for zone in bath:page hall:home_assistant; do # the agent retains what it obeys
  for i in $(seq 100); do ! mosquitto_sub -t $base/${zone%:*}/control -C 1 -W 5 | grep -qa ${zone#*:} || break; sleep 0.2; done
done

# From now on a switch off is followed by an hour's rest.
cp /lab/resting.yaml /etc/thermostat/config.yaml
systemctl restart thermostat
book released /dev/null
repository new
apt-get upgrade -y
book upgraded /lab/book.released
apt-get install -y --allow-downgrades thermostat=$(cat /lab/release)
book back /lab/book.upgraded
# The same version finds fields that it does not know in the files that it does.
systemctl stop thermostat
python3 /lab/fields.py
systemctl start thermostat
book fields /lab/book.back
cp /lab/unattended.conf /etc/apt/apt.conf.d/52thermostat
unattended-upgrade -v
sleep 13 # by now the agent has asked its broker twice
book unattended /lab/book.fields

# Programs come, which the release does not know: one zone follows one, another is boosted beside it. Something must vouch for the clock.
install -D /dev/null /run/systemd/timesync/synchronized
sleep 2
for zone in room-12 room-13; do
  mosquitto_pub -r -t $base/$zone/program -m '{"week":"00:00 20.5","presets":{"boost":23}}'
  mosquitto_pub -t $base/$zone/set/mode -m auto
done
mosquitto_pub -t $base/room-13/set/boost -m 10h
for i in $(seq 100); do ! mosquitto_sub -t $base/room-13/control -C 1 -W 5 | grep -qa boost || break; sleep 0.2; done
systemctl restart thermostat
book programmed /lab/book.unattended
apt-get install -y --allow-downgrades thermostat=$(cat /lab/release)
book without /lab/book.programmed
apt-get upgrade -y
book again /lab/book.without
systemctl stop thermostat
echo the owner is content
