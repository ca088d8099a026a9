#!/usr/bin/python3
"""The real notification publisher of oslo.messaging, for tests.

Publishes the JSON on standard input as the payload of one notification, in an empty context.  Exit status 1, with the
library's own words on standard error, when it could not: its Notifier never tells its caller, only its log.
"""
import argparse
import json
import logging
import os
import sys

from oslo_config import cfg
import oslo_messaging


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--url', required=True, help='transport URL')
    parser.add_argument('--exchange', required=True)
    parser.add_argument('--topic', required=True)
    parser.add_argument('--driver', required=True, choices=['messaging', 'messagingv2'])
    parser.add_argument('--priority', required=True)
    parser.add_argument('--event-type', required=True)
    return parser.parse_args()


class Failures(logging.Handler):
    def __init__(self):
        super().__init__(logging.ERROR)
        self.count = 0

    def emit(self, record):
        self.count += 1


def main():
    arguments = parse_arguments()
    failures = Failures()
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    logging.getLogger('oslo_messaging.notify').addHandler(failures)
    conf = cfg.ConfigOpts()
    conf([], project='oslo-publisher', default_config_files=[])
    oslo_messaging.set_transport_defaults(arguments.exchange)
    transport = oslo_messaging.get_notification_transport(conf, arguments.url)
    notifier = oslo_messaging.Notifier(
        transport, driver=arguments.driver, publisher_id='oslo-publisher', topics=[arguments.topic], retry=0)
    getattr(notifier, arguments.priority)({}, arguments.event_type, json.load(sys.stdin))
    sys.stderr.flush()
    # Ending politely waits for the library's threads.
    os._exit(1 if failures.count else 0)


main()
