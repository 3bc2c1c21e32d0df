"""ECS's part: one container of a task, started, health-checked and stopped as its definition says."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from left_out import FASTER
from network import WORKSHOP, command
from references import IMAGES, SECRETS
from template import ROOT
from waiting import eventually

ENTRY_POINT = "/app"  # of all our images
DEFAULT_STOP_TIMEOUT = 30  # of ECS
PROGRAMS = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "debug"


class Process:
    """A process in a task's network. Its lines are kept, and belong to every failure."""

    def __init__(self, name, namespace):
        self.name, self.namespace = name, namespace
        self.log = WORKSHOP / f"{namespace.name}-{name}.log"

    def launch(self, arguments, environment):
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                self.namespace.inside(*arguments), env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def lines(self):
        return self.log.read_text(errors="replace").splitlines()

    def ended(self):
        return self.process.poll() is not None

    def complaint(self, what):
        return f"{self.namespace.name}/{self.name} {what}; its last lines:\n" + "\n".join(self.lines()[-15:])

    def stop(self, patience):
        """SIGTERM, and after that many seconds SIGKILL; returns how it ended."""
        self.process.terminate()
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(self.complaint(f"did not stop within {patience} s")) from None


class Container(Process):
    """One of our own containers: the program in a root of its own, as its image would have it."""

    def __init__(self, definition, namespace, metadata_uri, given, files):
        super().__init__(definition["Name"], namespace)
        self.definition = definition
        self.environment = {entry["Name"]: str(entry["Value"]) for entry in definition["Environment"]}
        self.environment |= {entry["Name"]: secret(entry["ValueFrom"]) for entry in definition.get("Secrets", [])}
        self.environment |= given | {"ECS_CONTAINER_METADATA_URI_V4": metadata_uri}
        self.root = root_of(PROGRAMS / IMAGES[definition["Image"]], WORKSHOP / f"{namespace.name}-{self.name}", files, definition)

    def _within(self, *arguments):
        return [shutil.which("chroot"), f"--userspec={self.definition['User']}", "--groups=", str(self.root), *arguments]

    def start(self):
        self.launch(self._within(ENTRY_POINT, *self.definition.get("Command", [])), self.environment)

    def is_healthy(self):
        """Runs the definition's own command inside the container."""
        kind, *arguments = self.definition["HealthCheck"]["Command"]
        assert kind == "CMD", "there is no shell in the image"
        check = subprocess.run(
            self.namespace.inside(*self._within(*arguments)),
            env=self.environment,
            capture_output=True,
            timeout=self.definition["HealthCheck"]["Timeout"],
        )
        return check.returncode == 0

    def wait_until_healthy(self):
        check = self.definition["HealthCheck"]
        patience = check["StartPeriod"] + check["Retries"] * check["Interval"]

        def look():
            assert not self.ended(), self.complaint("ended early")
            return self.is_healthy()

        eventually(f"{self.namespace.name}/{self.name} healthy", look, patience, check["Interval"] / FASTER)

    def stop(self):
        how = super().stop(self.definition.get("StopTimeout", DEFAULT_STOP_TIMEOUT))
        command("umount", "--recursive", self.root)
        self.root.rmdir()
        return how

    def user(self):
        """Who runs it, as user:group."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return ":".join(re.search(rf"^{kind}id:\t(\d+)", status, re.MULTILINE)[1] for kind in "UG")


def root_of(program, place, files, definition):
    """A file system as in the distroless base: the program, the libraries it is linked with, and the given files."""
    place.mkdir()
    command("mount", "-t", "tmpfs", "-o", "mode=755", "image", place)
    for library in re.findall(r"(/\S+) \(0x", command("ldd", program)):
        copy = place / library.removeprefix("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(library, copy)
        copy.chmod(0o755)
    for name, text in files.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text(text)
    app = place / ENTRY_POINT.removeprefix("/")
    app.touch()
    command("mount", "--bind", program, app)
    if definition["ReadonlyRootFilesystem"]:
        command("mount", "-o", "remount,ro", place)
        command("mount", "-o", "remount,bind,ro", app)
    return place


def secret(value_from):
    """What ECS puts in the place of a secret's ARN, or of one key in it: arn:…:secret:NAME:KEY::."""
    parts = value_from.split(":")
    value = SECRETS[":".join(parts[:7])]
    return value[parts[7]] if len(parts) > 7 else value
