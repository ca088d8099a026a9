#!/usr/bin/python3
"""The real ceilometer compute agent, one polling cycle at a time, for the benchmark.

    host-ceilometer.py FOLDER

reads FOLDER/ceilometer.conf and runs ceilometer's own AgentManager and PollingTask with its own notifier. Only Nova's
flavor look-up is answered here. Each line on standard input makes one cycle and is answered by one line of JSON:
`seconds` on the wall clock, and `calls`, how often libvirt's daemon was asked, for a line that says `count` (counting
costs time; otherwise null). The process ends with its standard input.
"""
import json
import pathlib
import re
import sys
import time
from unittest import mock

import libvirt
import libvirtmod
from oslo_config import cfg

from ceilometer import nova_client, service
from ceilometer.polling import manager as polling


class Nova:
    """In place of ceilometer's Nova client, which would ask Keystone for a session."""

    def __init__(self, conf):
        flavor = lambda name, is_public: mock.Mock(id=f'nova-{name}')  # noqa: E731
        self.nova_client = mock.Mock()
        self.nova_client.flavors.find.side_effect = flavor


class CountedCalls:
    """In place of the C functions of libvirt's Python binding."""

    # What the client knows by itself.
    LOCAL = re.compile('(Free|Close|Ref|IsAlive|GetName|GetUUID|GetUUIDString|GetID|ErrorFunc.*)$')

    def __init__(self, functions):
        self.functions, self.calls = functions, 0

    def __getattr__(self, name):
        function = getattr(self.functions, name)
        if not name.startswith('vir') or self.LOCAL.search(name):
            return function

        def counted(*args):
            self.calls += 1
            return function(*args)

        return counted


def cycle(manager, tasks, counted):
    libvirt.libvirtmod = CountedCalls(libvirtmod) if counted else libvirtmod
    started = time.monotonic()
    for task in tasks:
        manager.interval_task(task)
    seconds = time.monotonic() - started
    return {'seconds': seconds, 'calls': libvirt.libvirtmod.calls if counted else None}


def main():
    libvirt.registerErrorHandler(lambda context, error: None, None)
    configuration = str(pathlib.Path(sys.argv[1], 'ceilometer.conf'))
    with mock.patch.object(nova_client, 'Client', Nova):
        conf = service.prepare_service([], config_files=[configuration], conf=cfg.ConfigOpts())
        manager = polling.AgentManager(0, conf, ['compute'])
        manager.polling_manager = polling.PollingManager(conf)
        tasks = list(manager.setup_polling_tasks().values())
        for line in sys.stdin:
            print(json.dumps(cycle(manager, tasks, line.strip() == 'count')), flush=True)


main()
