"""Segment documents to send: small, complete, and ended just now."""

import json
import os
import time

SLOW_SECONDS = 3.5


def new_trace_id(now=None):
    return f"1-{int(now or time.time()):08x}-{os.urandom(12).hex()}"


def new_id():
    return os.urandom(8).hex()


def segment(name, seconds=0.1, **members):
    """A segment, or with `type` a subsegment, that ended a second ago. Members given as arguments win."""
    end = time.time() - 1
    document = {
        "trace_id": new_trace_id(end - seconds),
        "id": new_id(),
        "name": name,
        "start_time": end - seconds,
        "end_time": end,
    }
    return {**document, **members}


def request(method, path, status):
    """The `http` block of a request that was answered."""
    return {"request": {"method": method, "url": f"http://shop.local{path}"}, "response": {"status": status}}


def put(xray, *documents):
    """Sends documents and insists that every one is taken. Returns the trace id of the first."""
    answer = xray.put_trace_segments(TraceSegmentDocuments=[json.dumps(document) for document in documents])
    assert answer["UnprocessedTraceSegments"] == []
    return documents[0]["trace_id"]


def put_order(xray):
    """One order: `web` calls `orders`, which writes to the table `Orders`. Returns the trace id."""
    web = segment("web", 0.4, http=request("POST", "/orders", 200), annotations={"basket": "b-1"}, user="ada")
    call = segment("orders", 0.3, id=new_id(), namespace="remote", http=request("POST", "/orders", 200))
    web["subsegments"] = [{key: call[key] for key in call if key != "trace_id"}]
    orders = segment("orders", 0.2, trace_id=web["trace_id"], parent_id=call["id"], http=request("POST", "/orders", 200))
    write = segment("dynamodb", 0.1, namespace="aws", aws={"operation": "PutItem", "table_name": "Orders"})
    orders["subsegments"] = [{key: write[key] for key in write if key != "trace_id"}]
    return put(xray, web, orders)
