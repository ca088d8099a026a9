#!/usr/bin/python3
"""The real notification listener of oslo.messaging, for tests.

Consumes notifications until standard input is closed.  Prints {"ready": true} once its queues are consumed, then one
JSON object a line for each notification: priority, publisher_id, event_type, metadata, payload, ctxt, and for each
sample of the payload its volume as Python's type and text (JSON readers lose 512.0 and integers beyond 2**53) and,
with --secret, what ceilometer says of its signature.
"""
import argparse
import json
import logging
import os
import sys
import threading

from ceilometer.publisher import utils as ceilometer_signing
from oslo_config import cfg
import oslo_messaging


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--url', required=True, help='transport URL')
    parser.add_argument('--exchange', required=True)
    parser.add_argument('--topics', required=True, help='separated by commas')
    parser.add_argument('--priorities', default='sample', help='separated by commas')
    parser.add_argument('--secret', help='telemetry_secret: verify the signature of every sample')
    return parser.parse_args()


def samples_of(payload):
    if isinstance(payload, dict):
        return payload.get('samples', [])
    return payload if isinstance(payload, list) else []


def describe_samples(payload, secret):
    described = []
    for sample in samples_of(payload):
        volume = sample.get('counter_volume')
        item = {'volume_type': type(volume).__name__, 'volume_text': repr(volume)}
        if secret is not None:
            item['signature_ok'] = ceilometer_signing.verify_signature(sample, secret)
        described.append(item)
    return described


class Printer:
    """One endpoint method for each priority; oslo.messaging finds them by name."""

    def __init__(self, priorities, secret):
        self.lock = threading.Lock()
        self.secret = secret
        for priority in priorities:
            setattr(self, priority, self.receiver(priority))

    def receiver(self, priority):
        def receive(ctxt, publisher_id, event_type, payload, metadata):
            line = json.dumps({
                'priority': priority, 'publisher_id': publisher_id, 'event_type': event_type,
                'metadata': metadata, 'payload': payload, 'ctxt': ctxt,
                'samples': describe_samples(payload, self.secret)})
            with self.lock:
                print(line, flush=True)
            return oslo_messaging.NotificationResult.HANDLED
        return receive


def main():
    arguments = parse_arguments()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    conf = cfg.ConfigOpts()
    conf([], project='oslo-listener', default_config_files=[])
    transport = oslo_messaging.get_notification_transport(conf, arguments.url)
    targets = [oslo_messaging.Target(exchange=arguments.exchange, topic=topic)
               for topic in arguments.topics.split(',')]
    endpoint = Printer(arguments.priorities.split(','), arguments.secret)
    listener = oslo_messaging.get_notification_listener(
        transport, targets, [endpoint], executor='threading', allow_requeue=True)
    listener.start()
    print(json.dumps({'ready': True}), flush=True)
    sys.stdin.read()
    # Stopping politely waits for the library's threads; the test that closed our input does not.
    sys.stdout.flush()
    os._exit(0)


main()
