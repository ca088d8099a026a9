#!/usr/bin/python3
"""CPU clocks of processes, to the nanosecond: what /proc tells in hundredths of a second only.

One JSON object a line on standard input, one JSON answer a line on standard output:

    {"pids": [...]}    the CPU time that each has used so far with all its threads, nanoseconds; null: it is gone
"""
import json
import sys
import time


def cpu_clock(pid):
    """The clock's number: see clock_getcpuclockid(3)."""
    return (~pid) << 3 | 2


def used(pid):
    try:
        return time.clock_gettime_ns(cpu_clock(pid))
    except OSError:
        return None


for line in sys.stdin:
    print(json.dumps([used(pid) for pid in json.loads(line)['pids']]), flush=True)
