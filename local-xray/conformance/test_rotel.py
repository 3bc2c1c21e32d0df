"""A collector that was written elsewhere: rotel takes OTLP and sends signed PutTraceSegments.

It says `Content-Encoding: gzip` and sends plain bodies. Its mapping of spans to segments is its own; here it is the
transport that counts.
"""

from importlib.resources import files

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.extension.aws.trace import AwsXRayIdGenerator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from support.process import Program, accepts, free_port
from support.waiting import eventually


@pytest.fixture(scope="module")
def collector(local_xray, tmp_path_factory):
    """The URL of a rotel that sends to local-xray."""
    ports = {"grpc": free_port(), "http": free_port()}
    command = [files("rotel") / "rotel-agent", "start", "--exporter", "aws-xray", "--batch-timeout", "200ms"]
    command += ["--xray-exporter-custom-endpoint", local_xray.url, "--xray-exporter-region", "us-east-1"]
    for protocol, port in ports.items():
        command += [f"--otlp-{protocol}-endpoint", f"127.0.0.1:{port}"]
    folder = tmp_path_factory.mktemp("rotel")
    command += ["--pid-file", folder / "pid", "--log-file", folder / "log"]
    with Program(command) as agent:
        eventually("rotel listening", lambda: agent.process.poll() is not None or accepts(ports["http"]))
        assert agent.process.poll() is None, "".join(agent.output)
        yield f"http://127.0.0.1:{ports['http']}/v1/traces"


def test_a_span_through_a_collector_becomes_a_segment(xray, collector):
    provider = TracerProvider(resource=Resource({"service.name": "collected"}), id_generator=AwsXRayIdGenerator())
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=collector)))
    attributes = {"http.request.method": "GET", "url.path": "/", "http.response.status_code": 200}
    tracer = provider.get_tracer("collected")
    with tracer.start_as_current_span("GET /", kind=SpanKind.SERVER, attributes=attributes) as span:
        digits = f"{span.get_span_context().trace_id:032x}"
        span_id = f"{span.get_span_context().span_id:016x}"
    provider.shutdown()

    trace_id = f"1-{digits[:8]}-{digits[8:]}"
    traces = eventually("the trace", lambda: xray.batch_get_traces(TraceIds=[trace_id])["Traces"])
    assert [segment["Id"] for segment in traces[0]["Segments"]] == [span_id]
    services = xray.get_trace_graph(TraceIds=[trace_id])["Services"]
    assert [node["State"] for node in services if node.get("Type") != "client"] == ["active"]
