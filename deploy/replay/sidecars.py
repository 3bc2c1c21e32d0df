"""What runs in the place of each sidecar image, started from what the task definition says about it."""

import re
import sys
from importlib.resources import files
from pathlib import Path

import yaml
from container import Process
from network import WORKSHOP
from references import XRAY
from waiting import eventually

RELAY = Path(__file__).with_name("relay.py")


class Relay(Process):
    """relay.py, in a task's network."""

    def __init__(self, name, namespace, routes):
        super().__init__(name, namespace)
        self.routes = routes

    def start(self):
        self.launch([sys.executable, str(RELAY), *self.routes], {})

    def wait_until_healthy(self):
        eventually(self.complaint("relays"), lambda: "relaying" in self.lines() or self.ended())
        assert not self.ended(), self.complaint("ended early")

    def stop(self, patience=10):
        return super().stop(patience)


class Collector(Process):
    """rotel in the place of the ADOT collector, with the addresses of the collector's own configuration."""

    def __init__(self, definition, namespace):
        super().__init__(definition["Name"], namespace)
        (text,) = [entry["Value"] for entry in definition["Environment"] if entry["Name"] == "AOT_CONFIG_CONTENT"]
        config = yaml.safe_load(text)
        self.otlp = config["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
        pipeline = config["service"]["pipelines"]["traces"]
        assert (pipeline["receivers"], pipeline["exporters"]) == (["otlp"], ["awsxray"])
        batch = config["processors"]["batch/traces"]["timeout"]
        proxy = config["extensions"]["awsproxy"]["endpoint"]
        self.proxy = Relay("awsproxy", namespace, [f"tcp:{proxy}={XRAY}:2000"])
        self.arguments = [
            *(files("rotel") / "rotel-agent", "start", "--otlp-http-endpoint", self.otlp, "--otlp-grpc-endpoint", "127.0.0.1:4317"),
            *("--exporters", "xray:otlp,nothing:blackhole", "--exporters-traces", "xray", "--exporters-metrics", "nothing"),
            *("--batch-timeout", batch, "--pid-file", WORKSHOP / f"{namespace.name}.pid", "--log-file", WORKSHOP / f"{namespace.name}.rotel"),
        ]

    def start(self):
        self.launch(self.arguments, {"ROTEL_EXPORTER_XRAY_ENDPOINT": f"http://{XRAY}:4317"})
        self.proxy.start()

    def wait_until_healthy(self):
        port = int(self.otlp.rsplit(":", 1)[1])
        eventually(self.complaint("listens"), lambda: self.namespace.accepts(port) or self.ended())
        assert not self.ended(), self.complaint("ended early")
        self.proxy.wait_until_healthy()

    def stop(self, patience=10):
        self.proxy.stop()
        return super().stop(patience)


class Daemon(Relay):
    """local-xray in the place of the X-Ray daemon, at the addresses of the daemon's own arguments."""

    def __init__(self, definition, namespace):
        flags = dict(re.findall(r"(-[bt]) (\S+)", " ".join(definition["Command"])))
        routes = [f"udp:{flags['-b']}={XRAY}:2000", f"tcp:{flags['-t']}={XRAY}:2000"]
        super().__init__(definition["Name"], namespace, routes)


def stand_in(definition, namespace):
    """The daemon is the one that is told its addresses on the command line."""
    return Daemon(definition, namespace) if "Command" in definition else Collector(definition, namespace)
