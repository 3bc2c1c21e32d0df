"""AWS X-Ray's part: local-xray with AWS's own limits, and the group and the sampling rules of the observability stack."""

import json
import subprocess

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from container import PROGRAMS
from network import WORKSHOP
from references import REGION, XRAY
from waiting import eventually


class XRay:
    def __init__(self, observability):
        listen = ["--listen", f"{XRAY}:2000", "--otlp-grpc", f"{XRAY}:4317", "--otlp-http", f"{XRAY}:4318"]
        with (WORKSHOP / "local-xray.log").open("w") as log:
            self.process = subprocess.Popen(
                [PROGRAMS / "local-xray", "serve", "--in-memory", "--strict", "--no-token", *listen], stdout=log, stderr=log, env={}
            )
        session = boto3.session.Session(region_name=REGION, aws_access_key_id="replay", aws_secret_access_key="replay")
        self.api = session.client("xray", endpoint_url=f"http://{XRAY}:2000", config=Config(retries={"total_max_attempts": 1}))
        eventually("local-xray answers", self._answers)
        for group in observability.of_type("AWS::XRay::Group").values():
            self.api.create_group(**group)
        for rule in observability.of_type("AWS::XRay::SamplingRule").values():
            self.api.create_sampling_rule(**rule)

    def _answers(self):
        assert self.process.poll() is None, (WORKSHOP / "local-xray.log").read_text()
        try:
            return self.api.get_groups()
        except (BotoCoreError, ClientError):
            return None

    def documents(self, trace_id):
        """The documents of a trace that have come so far."""
        traces = self.api.batch_get_traces(TraceIds=[trace_id])["Traces"]
        return [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]

    def graph(self, trace_ids):
        """The map over up to five traces: its nodes by reference id."""
        services = self.api.get_trace_graph(TraceIds=trace_ids)["Services"]
        return {service["ReferenceId"]: service for service in services}

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
