#!/usr/bin/env python3
"""A clinic in Python that asks its archive: one trace, sent by the X-Ray SDK to the daemon at AWS_XRAY_DAEMON_ADDRESS."""

import time

from aws_xray_sdk.core import xray_recorder

xray_recorder.configure(service="clinic", sampling=False, context_missing="LOG_ERROR")

with xray_recorder.in_segment("clinic") as segment:
    segment.put_http_meta("method", "GET")
    segment.put_http_meta("url", "http://clinic.example/patients/gary")
    segment.put_annotation("patient", "gary")
    with xray_recorder.in_subsegment("archive", namespace="remote") as call:
        call.put_http_meta("url", "http://archive.example/files/gary")
        time.sleep(0.05)
        call.put_http_meta("status", 200)
    segment.put_http_meta("status", 200)

print(f"sent trace {segment.trace_id}")
