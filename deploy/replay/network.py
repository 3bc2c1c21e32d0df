"""The VPC: a bridge, and a namespace for each task. All of it lives in the unnamed namespaces that `run` makes, and goes with them."""

import os
import shutil
import subprocess
from pathlib import Path

from references import LOAD_BALANCER, METADATA, VISITOR, XRAY

ROUTER = "10.42.0.1"
PREFIX = 16  # the whole VPC is one segment: see left_out.py
WORKSHOP = Path("/run/replay")  # on a tmpfs that nobody else sees


def command(*arguments):
    """Runs one command of the machine; what it says belongs to the failure."""
    done = subprocess.run([str(part) for part in arguments], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, arguments))}: {done.stderr.strip()}"
    return done.stdout


def refuse_the_real_world():
    """Interfaces and mounts are made below; they may only ever be made in namespaces of our own."""
    assert os.getpid() == 1, "this runs in namespaces of its own: start it with deploy/replay/run"


def build():
    """The bridge with everything on it that is not a task: load balancer, metadata, X-Ray and a visitor."""
    refuse_the_real_world()
    command("mount", "-t", "tmpfs", "-o", "mode=755", "replay", "/run")
    WORKSHOP.mkdir()
    command("ip", "link", "set", "lo", "up")
    # With an address of its own: else it would take that of a task, and leave the others without a route when that task goes.
    command("ip", "link", "add", "vpc", "address", "02:00:00:00:00:01", "type", "bridge")
    command("ip", "addr", "add", f"{ROUTER}/{PREFIX}", "dev", "vpc")
    command("ip", "addr", "add", f"{LOAD_BALANCER}/{PREFIX}", "dev", "vpc")
    for address in (METADATA, XRAY, VISITOR):
        command("ip", "addr", "add", f"{address}/32", "dev", "vpc")
    command("ip", "link", "set", "vpc", "up")


class Namespace:
    """The network of one task: a loopback of its own, and one interface in the VPC."""

    count = 0

    def __init__(self, name, address):
        self.name, self.address = name, address
        Namespace.count += 1
        cable = f"task{Namespace.count}"
        command("ip", "netns", "add", name)
        command("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        command("ip", "link", "set", cable, "master", "vpc", "up")
        command("ip", "-n", name, "addr", "add", f"{address}/{PREFIX}", "dev", "eth0")
        for interface in ("lo", "eth0"):
            command("ip", "-n", name, "link", "set", interface, "up")
        command("ip", "-n", name, "route", "add", "default", "via", ROUTER)

    def inside(self, *arguments):
        """A command that runs in this network. It replaces itself, so signals reach what it starts."""
        return [shutil.which("nsenter"), f"--net=/run/netns/{self.name}", *map(str, arguments)]

    def listening(self):
        """(address, port) of everything that accepts TCP connections."""
        lines = command(*self.inside("ss", "--listening", "--tcp", "--numeric", "--no-header")).splitlines()
        ends = [line.split()[3].rsplit(":", 1) for line in lines]
        return {(address, int(port)) for address, port in ends}

    def accepts(self, *ports):
        return set(ports) <= {port for _, port in self.listening()}

    def remove(self):
        command("ip", "netns", "delete", self.name)
