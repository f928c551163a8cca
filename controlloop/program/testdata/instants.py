"""Says when the transitions of a week happen on the clocks of a place, found another
way than the program does: it goes minute by minute, and looks at the clock.

    python3 instants.py ZONE FIRST_YEAR YEARS < transitions

Each line of the input is a weekday (0 is Monday) and a time of day; each line of
the output the Unix time at which a transition happens, and its line of the input.
"""
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

place, first, years = ZoneInfo(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
week = [line.split() for line in sys.stdin]
due = []  # what the clocks are to show, in order
day, end = datetime(first, 1, 1) - timedelta(days=12), datetime(first + years, 1, 1) + timedelta(days=12)
while day < end:
    for n, (weekday, hhmm) in enumerate(week):
        if day.weekday() == int(weekday):
            due.append((day + timedelta(hours=int(hhmm[:2]), minutes=int(hhmm[3:])), n))
    day += timedelta(days=1)
due.sort()

now = datetime(first, 1, 1, tzinfo=timezone.utc) - timedelta(days=10)
stop = datetime(first + years, 1, 1, tzinfo=timezone.utc) + timedelta(days=10)
shown = now.astimezone(place).replace(tzinfo=None)
at = next(i for i, d in enumerate(due) if d[0] >= shown)
while now < stop:
    shown = now.astimezone(place).replace(tzinfo=None)
    while at < len(due) and due[at][0] <= shown:
        print(int(now.timestamp()), due[at][1])
        at += 1
    now += timedelta(minutes=1)
