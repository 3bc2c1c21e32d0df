"""One task: its network, Service Connect's names in it, and its containers in the order that they ask for."""

from container import Container
from network import Namespace
from references import DATABASE, EXPORTS, GIVEN_BY_ECS
from sidecars import Relay, stand_in


class Task:
    def __init__(self, service, definition, place, metadata, connect, certificates):
        """`place` is (name, zone, address); `connect` maps each Service Connect alias (name, port) to the tasks behind it."""
        name, zone, address = place
        self.service, self.definition, self.address = service, definition, address
        assert definition["NetworkMode"] == "awsvpc"
        self.namespace = Namespace(name, address)
        self.connect = Relay("service-connect", self.namespace, [])
        uris = metadata.announce(name, definition, service, zone, address)

        hosts = ["127.0.0.1 localhost", f"{DATABASE} {EXPORTS['DatabaseHost']}"]
        own = {alias["DnsName"] for served in service["ServiceConnectConfiguration"]["Services"] for alias in served["ClientAliases"]}
        others = sorted((alias, targets) for alias, targets in connect.items() if alias[0] not in own)
        for number, ((alias, port), targets) in enumerate(others, start=1):
            # As Service Connect does it: a name for a loopback address, where a proxy listens.
            hosts.append(f"127.255.0.{number} {alias}")
            self.connect.routes.append(f"tcp:127.255.0.{number}:{port}={','.join(targets)}")
        files = {"etc/hosts": "\n".join(hosts) + "\n", "etc/nsswitch.conf": "hosts: files\n", "certificates/rds.pem": certificates}
        self.containers = {}
        for container in in_order(definition["ContainerDefinitions"]):
            kind = container["Name"]
            if kind == "sidecar":
                self.containers[kind] = stand_in(container, self.namespace)
            else:
                self.containers[kind] = Container(container, self.namespace, uris[kind], GIVEN_BY_ECS, files)

    @property
    def app(self):
        """The container that is ours."""
        return self.containers[self.service["ServiceName"]]

    def start(self):
        """Each container after those it depends on; returns when all are healthy."""
        self.connect.start()
        self.connect.wait_until_healthy()
        wanted = {entry["ContainerName"]: entry["Condition"] for entry in self.app.definition["DependsOn"]}
        for name, container in self.containers.items():
            container.start()
            if wanted.get(name) == "HEALTHY":
                container.wait_until_healthy()
        for container in self.containers.values():
            container.wait_until_healthy()

    def stop(self):
        """In the opposite order, and takes the network away; returns how our container ended."""
        ended = {name: self.containers[name].stop() for name in reversed(self.containers)}
        self.connect.stop()
        self.namespace.remove()
        return ended[self.app.name]

    def ended(self):
        """Containers that are no longer there."""
        return [container.complaint("ended") for container in self.containers.values() if container.ended()]


def in_order(definitions):
    """Containers, each after the ones it depends on."""
    waits = {entry["Name"]: {other["ContainerName"] for other in entry.get("DependsOn", [])} for entry in definitions}
    ordered = sorted(definitions, key=lambda entry: len(waits[entry["Name"]]))
    done = set()
    for entry in ordered:
        assert waits[entry["Name"]] <= done, entry["Name"]
        done.add(entry["Name"])
    return ordered
