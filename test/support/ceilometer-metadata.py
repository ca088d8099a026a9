"""What ceilometer makes of the domains of test/cases/instances: writes ceilometer.json beside each domain.xml.

Runs ceilometer's own discovery and metadata code (from PYTHONPATH, else the installed package) over a libvirt module
that has one domain at a time and a Nova that knows no flavor. A domain that ceilometer skips gives null, one that
makes it give up the whole host gives the name of the exception.

    PYTHONPATH=/path/to/ceilometer python3 test/support/ceilometer-metadata.py test/cases/instances
"""

import json
import pathlib
import sys
import types
from unittest import mock

from lxml import etree

HOST = "compute-1.example.org"


class LibvirtError(Exception):
    def get_error_code(self):
        return 80

    def get_error_domain(self):
        return 20


sys.modules["libvirt"] = types.SimpleNamespace(
    libvirtError=LibvirtError,
    VIR_DOMAIN_METADATA_ELEMENT=2,
    VIR_ERR_NO_DOMAIN_METADATA=80,
    VIR_ERR_SYSTEM_ERROR=38,
    VIR_ERR_INTERNAL_ERROR=1,
    VIR_FROM_REMOTE=13,
    VIR_FROM_RPC=7,
)

from oslo_config import cfg  # noqa: E402

from ceilometer import sample as samples  # noqa: E402
from ceilometer.compute import discovery  # noqa: E402
from ceilometer.compute.pollsters import util  # noqa: E402


class Domain:
    def __init__(self, xml, state):
        self.xml, self._state = xml, state
        self.tree = etree.fromstring(xml)

    def name(self):
        return self.tree.findtext("name")

    def UUIDString(self):
        return self.tree.findtext("uuid")

    def XMLDesc(self, flags=0):
        return self.xml

    def state(self):
        return [self._state, 1]

    def metadata(self, kind, uri):
        """As libvirt: the first element of that namespace, its names without their prefix."""
        element = self.tree.find(f"metadata/{{{uri}}}*")
        if element is None:
            raise LibvirtError()
        for node in element.iter(f"{{{uri}}}*"):
            node.tag = etree.QName(node).localname
        etree.cleanup_namespaces(element)
        return etree.tostring(element, encoding="unicode", with_tail=False)


def account(conf, folder):
    options = folder / "options.json"
    state = json.loads(options.read_text()).get("state", 1) if options.exists() else 1
    instances = discovery.InstanceDiscovery(conf)
    connection = types.SimpleNamespace(
        listAllDomains=lambda: [Domain((folder / "domain.xml").read_text(), state)], isAlive=lambda: True
    )
    instances.nova_cli.nova_client.flavors.find.side_effect = discovery.exceptions.NotFound(404)
    with mock.patch.object(discovery.libvirt_utils, "refresh_libvirt_connection", return_value=connection):
        try:
            found = instances.discover(None)
            if not found:
                return None
            sample = util.make_sample_from_instance(conf, found[0], "cpu", "cumulative", "ns", 1)
        except Exception as error:
            return type(error).__name__
    return {
        "resource_id": sample.resource_id,
        "user_id": sample.user_id,
        "project_id": sample.project_id,
        "resource_metadata": sample.resource_metadata,
    }


def main():
    with mock.patch("ceilometer.nova_client.Client"):
        conf = cfg.ConfigOpts()
        conf.register_opts(discovery.OPTS, group="compute")
        conf.register_opts([*samples.OPTS, cfg.StrOpt("host", default=HOST)])
        conf([], project="ceilometer", default_config_files=[])
        for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
            text = json.dumps(account(conf, folder), indent=2, ensure_ascii=False)
            (folder / "ceilometer.json").write_text(text + "\n")


main()
