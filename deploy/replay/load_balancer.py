"""The application load balancer's part: listener rules, targets and their health, and the headers that it adds."""

import fnmatch
import http.client
import itertools
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from left_out import FASTER
from references import LOAD_BALANCER

TRACE_HEADER = "X-Amzn-Trace-Id"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


def new_trace_id():
    return f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def traced(header):
    """The trace header as it goes on: a Root where there was none, and Self in front where there was one."""
    kept = [part for part in (header or "").split(";") if part and not part.startswith("Self=")]
    if any(part.startswith("Root=") for part in kept):
        return ";".join([f"Self={new_trace_id()}", *kept])
    return ";".join([f"Root={new_trace_id()}", *kept])


class Target:
    def __init__(self, address, port):
        self.address, self.port = address, port
        self.healthy, self.streak = None, 0
        self.registered = True
        self.chosen = 0  # requests that are for this target and have not been sent yet

    def checked(self, passed, group):
        """A new target is what its first check says; after that it takes the thresholds to change it."""
        if self.healthy is None:
            self.healthy = passed
        self.streak = 0 if passed == self.healthy else self.streak + 1
        threshold = group["HealthyThresholdCount"] if passed else group["UnhealthyThresholdCount"]
        if self.streak >= threshold:
            self.healthy, self.streak = passed, 0


class LoadBalancer:
    """Serves on port 80; `groups` maps each target group's logical id to its properties and targets."""

    def __init__(self, groups, listener, rules):
        self.groups = groups
        self.rules = sorted(rules, key=lambda rule: int(rule["Priority"]))
        self.default = forward(listener["DefaultActions"])
        self.turns = {name: itertools.cycle(targets) for name, (_, targets) in groups.items()}
        self.passed_on = []  # (path, trace header, target) of each request
        self.choice = threading.Condition()
        self.stopped = threading.Event()
        self.server = ThreadingHTTPServer((LOAD_BALANCER, int(listener["Port"])), handler_of(self))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        for group, targets in groups.values():
            for target in targets:
                threading.Thread(target=self._check_forever, args=(group, target), daemon=True).start()

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()

    def deregister(self, address):
        """No new requests for a task that is about to stop; those it has go on. Returns when the last one is on its way."""
        targets = [target for _, targets in self.groups.values() for target in targets if target.address == address]
        with self.choice:
            for target in targets:
                target.registered = False
            self.choice.wait_for(lambda: not any(target.chosen for target in targets), timeout=10)

    def all_healthy(self):
        return all(target.healthy for _, targets in self.groups.values() for target in targets)

    def group_for(self, method, path, headers):
        for rule in self.rules:
            if all(matches(condition, method, path, headers) for condition in rule["Conditions"]):
                return forward(rule["Actions"])
        return self.default

    def choose(self, name):
        """The next target of a group that can take a request."""
        _, targets = self.groups[name]
        with self.choice:
            turn = itertools.islice(self.turns[name], len(targets))
            chosen = next((target for target in turn if target.healthy and target.registered), None)
            if chosen:
                chosen.chosen += 1
            return chosen

    def sent(self, target):
        with self.choice:
            target.chosen -= 1
            self.choice.notify_all()

    def _check_forever(self, group, target):
        while not self.stopped.is_set():
            target.checked(self._check(group, target), group)
            self.stopped.wait(group["HealthCheckIntervalSeconds"] / FASTER)

    def _check(self, group, target):
        connection = connect(target, timeout=5)
        try:
            headers = {"User-Agent": "ELB-HealthChecker/2.0", "Connection": "close"}
            connection.request("GET", group["HealthCheckPath"], headers=headers)
            return str(connection.getresponse().status) == group["Matcher"]["HttpCode"]
        except OSError:
            return False
        finally:
            connection.close()


def connect(target, timeout):
    return http.client.HTTPConnection(target.address, target.port, timeout=timeout, source_address=(LOAD_BALANCER, 0))


def forward(actions):
    (action,) = actions
    assert action["Type"] == "forward"
    return action["TargetGroupArn"]


def matches(condition, method, path, headers):
    match condition["Field"]:
        case "path-pattern":
            return any(fnmatch.fnmatchcase(path, pattern) for pattern in condition["PathPatternConfig"]["Values"])
        case "http-request-method":
            return method in condition["HttpRequestMethodConfig"]["Values"]
        case "http-header":
            config = condition["HttpHeaderConfig"]
            return headers.get(config["HttpHeaderName"]) in config["Values"]
    raise NotImplementedError(condition["Field"])


def handler_of(balancer):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self):
            path = self.path.split("?", 1)[0]
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            target = balancer.choose(balancer.group_for(self.command, path, self.headers))
            if target is None:
                return self.answer(503, [], b"")
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            headers[TRACE_HEADER] = traced(self.headers.get(TRACE_HEADER))
            before = self.headers.get("X-Forwarded-For")
            headers["X-Forwarded-For"] = f"{before}, {self.client_address[0]}" if before else self.client_address[0]
            headers["X-Forwarded-Proto"], headers["X-Forwarded-Port"] = "http", str(balancer.server.server_port)
            balancer.passed_on.append((path, headers[TRACE_HEADER], target.address))
            connection = connect(target, timeout=60)
            try:
                try:
                    connection.request(self.command, self.path, body=body or None, headers=headers)
                finally:
                    balancer.sent(target)
                answer = connection.getresponse()
                self.answer(answer.status, answer.getheaders(), answer.read())
            except (OSError, http.client.HTTPException):
                self.answer(502, [], b"")
            finally:
                connection.close()

        do_GET = do_POST = do_HEAD = handle_any

        def answer(self, status, headers, body):
            self.send_response_only(status)
            for name, value in headers:
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
