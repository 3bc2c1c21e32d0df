"""Programs under test: started with a small environment, read until they say where they listen, always stopped."""

import os
import re
import socket
import subprocess
import threading

from support.waiting import eventually

STOP_SECONDS = 10

# Any credentials will do. Nothing may look for better ones, or leave this machine.
AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_PAGER": "",
    "NO_PROXY": "127.0.0.1",
}


def environment(**more):
    """The environment of a child: nothing of ours but the path, so that no setting of the machine leaks in."""
    return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **AWS_ENVIRONMENT, **more}


class Program:
    """A child process. Its output is kept, and shown when it fails to start."""

    def __init__(self, command, **more):
        self.output = []
        self.process = subprocess.Popen(
            [str(part) for part in command],
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)

    def says(self, pattern):
        """Waits for a line of the output that matches, and returns the match."""

        def look():
            match = next(filter(None, (re.search(pattern, line) for line in list(self.output))), None)
            if match is None and self.process.poll() is not None:
                raise AssertionError(f"{self.process.args} ended early:\n{''.join(self.output)}")
            return match

        return eventually(f"{self.process.args} saying {pattern!r}", look)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(STOP_SECONDS)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class LocalXRay(Program):
    """`local-xray serve` on free ports."""

    def __init__(self, *arguments):
        free = ["--listen", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", "--otlp-http", "127.0.0.1:0"]
        super().__init__([os.environ["LOCAL_XRAY_BIN"], "serve", "--in-memory", *free, *arguments])
        try:
            self.address = self.says(r"console and API on http://([\d.:]+)")[1]
            otlp = self.says(r"OTLP/HTTP on http://([\d.:]+), OTLP/gRPC on ([\d.:]+)")
        except BaseException:
            self.stop()
            raise
        self.url = f"http://{self.address}"
        self.otlp_http_url = f"http://{otlp[1]}"
        self.otlp_grpc_url = f"http://{otlp[2]}"


def free_port():
    """A port that was free a moment ago, for programs that cannot say which one they took."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def accepts(port):
    """Says whether somebody listens there."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0
