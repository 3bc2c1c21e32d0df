"""The OpenTelemetry SDK for Python, with X-Ray's ids and header: OTLP over HTTP and gRPC, and in datagrams.

`front` answers a request and calls `back`, which queries a database. The header between them is X-Ray's.
"""

import json

import pytest
from amazon.opentelemetry.distro.otlp_udp_exporter import OTLPUdpSpanExporter as DatagramExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.propagators.aws import AwsXRayPropagator
from opentelemetry.sdk.extension.aws.trace import AwsXRayIdGenerator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from support.graph import Graph
from support.waiting import eventually

EXPORTERS = {
    "http": lambda server: HttpExporter(endpoint=f"{server.otlp_http_url}/v1/traces"),
    "http-gzip": lambda server: HttpExporter(endpoint=f"{server.otlp_http_url}/v1/traces", compression=Compression.Gzip),
    "http-on-the-main-port": lambda server: HttpExporter(endpoint=f"{server.url}/v1/traces"),
    "grpc": lambda server: GrpcExporter(endpoint=server.otlp_grpc_url, insecure=True),
    # What the AWS distribution does on Lambda.
    "datagrams": lambda server: DatagramExporter(endpoint=server.address),
}


@pytest.fixture(params=EXPORTERS)
def providers(request, local_xray):
    """The tracer providers of `front` and `back`, each with an exporter of its own."""
    made = []
    for name in ("front", "back"):
        provider = TracerProvider(resource=Resource({"service.name": name}), id_generator=AwsXRayIdGenerator())
        provider.add_span_processor(BatchSpanProcessor(EXPORTERS[request.param](local_xray)))
        made.append(provider)
    yield made
    for provider in made:
        provider.shutdown()


def one_request(front, back):
    """Makes the spans of one request; returns the X-Ray header that went from `front` to `back`."""
    propagator, header = AwsXRayPropagator(), {}
    tracer = front.get_tracer("front")
    incoming = {"http.request.method": "POST", "url.path": "/orders", "url.scheme": "http", "server.address": "front.local"}
    with tracer.start_as_current_span("POST /orders", kind=SpanKind.SERVER, attributes=incoming) as server:
        server.set_attribute("basket", "b-1")
        server.set_attribute("aws.xray.annotations", ["basket"])
        server.set_attribute("http.response.status_code", 200)
        outgoing = {"http.request.method": "GET", "url.full": "http://back.local/stock", "peer.service": "back"}
        with tracer.start_as_current_span("GET", kind=SpanKind.CLIENT, attributes=outgoing) as call:
            propagator.inject(header, context=set_span_in_context(call))
            answer(back, propagator.extract(header))
            call.set_attribute("http.response.status_code", 500)
    return header["X-Amzn-Trace-Id"]


def answer(back, context):
    tracer = back.get_tracer("back")
    incoming = {"http.request.method": "GET", "url.path": "/stock", "http.response.status_code": 500}
    with tracer.start_as_current_span("GET /stock", context, kind=SpanKind.SERVER, attributes=incoming) as server:
        query = {"db.system": "postgresql", "db.name": "stock", "db.statement": "SELECT 1", "server.address": "db.local"}
        with tracer.start_as_current_span("SELECT", kind=SpanKind.CLIENT, attributes=query):
            pass
        server.record_exception(RuntimeError("no stock"))
        server.set_status(Status(StatusCode.ERROR, "no stock"))


def test_spans_of_two_services_become_one_trace(xray, providers):
    front, back = providers
    header = one_request(front, back)
    for provider in providers:
        assert provider.force_flush()
    trace_id = header.partition("Root=")[2].partition(";")[0]

    def whole():
        traces = xray.batch_get_traces(TraceIds=[trace_id])["Traces"]
        # Until the callee's own segment is here, one is inferred from the call.
        sent = [segment for segment in documents_of(traces) if not segment.get("inferred")]
        segments = {segment["name"]: segment for segment in sent}
        return segments if {"front", "back"} <= segments.keys() else None

    segments = eventually("both segments", whole)
    assert segments["front"]["annotations"]["basket"] == "b-1"
    assert segments["front"]["http"]["request"]["method"] == "POST"
    assert segments["back"]["parent_id"] == header.partition("Parent=")[2].partition(";")[0]
    assert segments["back"]["fault"] is True
    assert segments["back"]["cause"]["exceptions"][0]["message"] == "no stock"

    graph = Graph(xray.get_trace_graph(TraceIds=[trace_id])["Services"])
    assert graph.calls(("front", "client"), ("front", None)) == 1
    faults = graph.edges[("front", None), ("back", None)]["SummaryStatistics"]["FaultStatistics"]
    assert faults["TotalCount"] == 1
    databases = [target for (source, target) in graph.edges if source == ("back", None)]
    assert [kind for (_, kind) in databases] == ["Database::SQL"]


def documents_of(traces):
    return [json.loads(segment["Document"]) for trace in traces for segment in trace["Segments"]]
