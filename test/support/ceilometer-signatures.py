"""Judges meter messages, one a line of standard input, with ceilometer's own code.

Prints one JSON object a line: `signature`, what ceilometer computes for the message, and `json`, the message as
Python's json writes it after reading it. The telemetry secret is the only argument.
"""

import json
import sys

from ceilometer.publisher import utils

secret = sys.argv[1]
for line in sys.stdin:
    message = json.loads(line)
    print(json.dumps({
        "signature": utils.compute_signature(message, secret),
        "verified": utils.verify_signature(message, secret),
        "json": json.dumps(message, separators=(",", ":")),
    }))
