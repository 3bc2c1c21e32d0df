"""Python's own logging through the OpenTelemetry SDK: OTLP logs over HTTP and gRPC, found by what they say and by their trace."""

import logging

import pytest
import requests
from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as HttpExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult
from opentelemetry.sdk.extension.aws.trace import AwsXRayIdGenerator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider

EXPORTERS = {
    "http": lambda server: HttpExporter(endpoint=f"{server.otlp_http_url}/v1/logs"),
    "http-gzip": lambda server: HttpExporter(endpoint=f"{server.otlp_http_url}/v1/logs", compression=Compression.Gzip),
    "http-on-the-main-port": lambda server: HttpExporter(endpoint=f"{server.url}/v1/logs"),
    "grpc": lambda server: GrpcExporter(endpoint=server.otlp_grpc_url, insecure=True),
}


@pytest.fixture(params=EXPORTERS)
def service(request, local_xray):
    """A logger of a service of its own, its provider, and the name of the service."""
    name = f"shop by {request.param}"
    provider = LoggerProvider(resource=Resource({"service.name": name}))
    provider.add_log_record_processor(BatchLogRecordProcessor(EXPORTERS[request.param](local_xray)))
    logger = logging.Logger(f"orders.{request.param}")
    logger.addHandler(LoggingHandler(logger_provider=provider))
    yield logger, provider, name
    provider.shutdown()


def lines(server, **query):
    answer = requests.get(f"{server.url}/logs.json", params=query, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()["lines"]


def test_lines_are_found_by_what_they_say_and_by_their_trace(local_xray, service):
    logger, provider, name = service
    tracer = TracerProvider(id_generator=AwsXRayIdGenerator()).get_tracer("shop")
    logger.info("listening")
    with tracer.start_as_current_span("order") as span:
        context = span.get_span_context()
        logger.warning("order %s took long", 7, extra={"basket": "b-1", "items": 3})
        try:
            raise RuntimeError("no stock")
        except RuntimeError:
            logger.exception("order failed")
    assert provider.force_flush()

    # The exporters wait for the answer, and what was answered is there.
    assert [line["body"] for line in lines(local_xray, service=name)] == ["order failed", "order 7 took long", "listening"]
    w3c = f"{context.trace_id:032x}"
    failed, slow = lines(local_xray, trace=w3c)
    assert (slow["level"], slow["fields"]["basket"], slow["fields"]["items"]) == ("warn", "b-1", 3)
    assert (slow["w3c_trace_id"], slow["trace_id"]) == (w3c, f"1-{w3c[:8]}-{w3c[8:]}")
    assert slow["span_id"] == f"{context.span_id:016x}"
    assert (failed["level"], failed["fields"]["exception.message"]) == ("error", "no stock")
    assert "RuntimeError: no stock" in failed["fields"]["exception.stacktrace"]
    assert lines(local_xray, service=name, q="basket=b-1") == [slow]
    assert lines(local_xray, service=name, level="error", q='"ORDER failed"') == [failed]


def test_an_exporter_hears_success(local_xray):
    """What the SDK makes of our answers, without its own retries in between."""
    for make in EXPORTERS.values():
        exporter = make(local_xray)
        assert exporter.export([]) is LogRecordExportResult.SUCCESS
        exporter.shutdown()
