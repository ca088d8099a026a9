#!/usr/bin/python3
"""The real ceilometer compute agent, one polling cycle at a time, for tests.

Runs ceilometer's own AgentManager and PollingTask with every compute pollster against a libvirt URI. Only Nova's
flavor look-up is answered here (the flavor `m1.tiny` has the id `nova-m1.tiny`), and the notifier hands the samples
over instead of sending them. One JSON request a line on standard input, one JSON answer a line on standard output:

    {"poll": {}}                 one cycle: `samples`, `instances` (what discovery found, with the metadata that every
                                 sample of it starts from), `complaints` (what ceilometer logged, WARNING and above)
                                 and `calls` (to libvirt, but for those that libvirt's client answers itself)
    {"poll": {"hook": {"call": "XMLDesc", "domain": NAME, "command": [...]}}}
                                 the same; before that domain's first such call of the cycle, the command is run
    {"read": TEXT}               `samples` of other meter messages, one JSON object a line

A sample is `fields` (path to JSON text, as Python's json reads the published text and writes it again, which keeps 512
and 512.0 apart) and `verified` (what ceilometer says of its signature). The process ends with its standard input.
"""
import argparse
import json
import logging
import pathlib
import re
import subprocess
import sys
import tempfile
from unittest import mock

import libvirt
import libvirtmod
from oslo_config import cfg
from oslo_serialization import jsonutils

from ceilometer import nova_client, service
from ceilometer.compute.pollsters import util as pollster_util
from ceilometer.polling import manager as polling
from ceilometer.publisher import utils as signing

POLLING = 'sources: [{name: all, interval: 60, meters: ["*"]}]\n'
CONFIGURATION = """[DEFAULT]
libvirt_uri = %(uri)s
transport_url = fake://
use_stderr = true
[polling]
cfg_file = %(folder)s/polling.yaml
"""


def fields_of(value, path=''):
    if isinstance(value, (dict, list)) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from fields_of(item, f'{path}/{key}' if path else str(key))
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def described(text, secret):
    sample = json.loads(text)
    return {'fields': dict(fields_of(sample)), 'verified': signing.verify_signature(sample, secret)}


class Nova:
    """In place of ceilometer's Nova client, which would ask Keystone for a session."""

    def __init__(self, conf):
        flavor = lambda name, is_public: mock.Mock(id=f'nova-{name}')  # noqa: E731
        self.nova_client = mock.Mock()
        self.nova_client.flavors.find.side_effect = flavor


class Complaints(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.lines = []

    def emit(self, record):
        self.lines.append(f'{record.levelname} {record.getMessage()}')


class Collector:
    """In place of the notifier: keeps what would be published, as the JSON that oslo.messaging makes of it."""

    def __init__(self):
        self.texts = []

    def sample(self, context, event_type, payload):
        assert event_type == 'telemetry.polling', event_type
        self.texts += [jsonutils.dumps(sample) for sample in payload['samples']]


def hooked(hook):
    """Runs the hook's command before the first call of that name on that domain."""
    if hook is None:
        return mock.patch.object(libvirt, 'virDomain', libvirt.virDomain)
    original, waiting = getattr(libvirt.virDomain, hook['call']), [True]

    def call(domain, *args, **kwargs):
        if waiting and domain.name() == hook['domain']:
            waiting.clear()
            subprocess.run(hook['command'], check=True, stdout=subprocess.DEVNULL)
        return original(domain, *args, **kwargs)

    return mock.patch.object(libvirt.virDomain, hook['call'], call)


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


class Agent:
    def __init__(self, configuration):
        self.conf = service.prepare_service([], config_files=[configuration], conf=cfg.ConfigOpts())
        self.secret = self.conf.publisher.telemetry_secret
        self.complaints = Complaints()
        logging.getLogger().addHandler(self.complaints)
        self.manager = polling.AgentManager(0, self.conf, ['compute'])
        self.manager.notifier = Collector()
        self.manager.polling_manager = polling.PollingManager(self.conf)
        self.tasks = self.manager.setup_polling_tasks()

    def poll(self, hook=None):
        del self.complaints.lines[:], self.manager.notifier.texts[:]
        counted = libvirt.libvirtmod = CountedCalls(libvirtmod)
        with hooked(hook):
            for task in self.tasks.values():
                self.manager.interval_task(task)
        complaints, calls = list(self.complaints.lines), counted.calls
        return {
            'samples': [described(text, self.secret) for text in self.manager.notifier.texts],
            'instances': {instance.id: self.account(instance)
                          for instance in self.manager.discover(['local_instances'])},
            'complaints': complaints,
            'calls': calls,
        }

    def account(self, instance):
        return dict(fields_of(json.loads(jsonutils.dumps({
            'user_id': instance.user_id,
            'project_id': instance.tenant_id,
            'resource_metadata': pollster_util._get_metadata_from_object(self.conf, instance),
        }))))

    def read(self, text):
        return {'samples': [described(line, self.secret) for line in text.splitlines()]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--uri', default='qemu:///system')
    uri = parser.parse_args().uri
    libvirt.registerErrorHandler(lambda context, error: None, None)
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(nova_client, 'Client', Nova):
        pathlib.Path(folder, 'polling.yaml').write_text(POLLING)
        configuration = pathlib.Path(folder, 'ceilometer.conf')
        configuration.write_text(CONFIGURATION % {'uri': uri, 'folder': folder})
        agent = Agent(str(configuration))
        for line in sys.stdin:
            request = json.loads(line)
            answer = agent.poll(**request['poll']) if 'poll' in request else agent.read(request['read'])
            print(json.dumps(answer), flush=True)


main()
