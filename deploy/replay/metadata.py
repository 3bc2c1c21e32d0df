"""The task metadata endpoint, version 4, of every container in the VPC: what a resource detector asks when it starts."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from references import ACCOUNT, METADATA, PROJECT, REGION

ARN = f"arn:aws:ecs:{REGION}:{ACCOUNT}"


class MetadataEndpoint:
    """Answers at http://169.254.170.2/v4/ID for each container that was announced."""

    def __init__(self):
        self.answers = {}
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                answer = endpoint.answers.get(self.path.rstrip("/"))
                body = json.dumps(answer if answer is not None else {"error": "unknown path"}).encode()
                self.send_response(200 if answer is not None else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((METADATA, 80), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def announce(self, task_id, definition, service, zone, address):
        """Makes the answers for a task's containers known, and returns each one's URI by name."""
        containers = {
            container["Name"]: _container(f"{task_id}-{number:010}", task_id, definition, container, address)
            for number, container in enumerate(definition["ContainerDefinitions"])
        }
        task = {
            "Cluster": f"{ARN}:cluster/{PROJECT}",
            "TaskARN": f"{ARN}:task/{PROJECT}/{task_id}",
            "Family": definition["Family"],
            "Revision": "1",
            "ServiceName": service["ServiceName"],
            "DesiredStatus": "RUNNING",
            "KnownStatus": "RUNNING",
            "Limits": {"CPU": int(definition["Cpu"]) / 1024, "Memory": int(definition["Memory"])},
            "LaunchType": service["LaunchType"],
            "AvailabilityZone": zone,
            "Containers": list(containers.values()),
        }
        for container in containers.values():
            self.answers[f"/v4/{container['DockerId']}"] = container
            self.answers[f"/v4/{container['DockerId']}/task"] = task
        return {name: f"http://{METADATA}/v4/{container['DockerId']}" for name, container in containers.items()}


def _container(identity, task_id, definition, container, address):
    name, log = container["Name"], container["LogConfiguration"]
    stream = f"{log['Options']['awslogs-stream-prefix']}/{name}/{task_id}"
    return {
        "DockerId": identity,
        "Name": name,
        "DockerName": name,
        "Image": container["Image"],
        "Labels": {
            "com.amazonaws.ecs.cluster": f"{ARN}:cluster/{PROJECT}",
            "com.amazonaws.ecs.container-name": name,
            "com.amazonaws.ecs.task-arn": f"{ARN}:task/{PROJECT}/{task_id}",
            "com.amazonaws.ecs.task-definition-family": definition["Family"],
            "com.amazonaws.ecs.task-definition-version": "1",
        },
        "DesiredStatus": "RUNNING",
        "KnownStatus": "RUNNING",
        "Limits": {"CPU": container.get("Cpu", 2)},
        "Type": "NORMAL",
        "LogDriver": log["LogDriver"],
        "LogOptions": log["Options"] | {"awslogs-stream": stream},
        "ContainerARN": f"{ARN}:container/{PROJECT}/{task_id}/{identity}",
        "Networks": [{"NetworkMode": definition["NetworkMode"], "IPv4Addresses": [address]}],
    }
