"""A Flask service as the X-Ray SDK's guide builds one: the middleware, and patched requests and boto3.

    flask_service.py NAME TABLE_URL [DOWNSTREAM_URL]

`/order` calls the service downstream, or without one reads a DynamoDB table (at TABLE_URL) and asks X-Ray for its
groups. `/missing` is a 404, `/broken` an exception, `/nobody` calls a port where nobody listens.
"""

import socket
import sys

import boto3
import requests
from aws_xray_sdk.core import patch, xray_recorder
from aws_xray_sdk.core.daemon_config import DaemonConfig
from aws_xray_sdk.ext.flask.middleware import XRayMiddleware
from flask import Flask
from werkzeug.serving import make_server

NAME, TABLE_URL = sys.argv[1:3]
DOWNSTREAM_URL = sys.argv[3] if len(sys.argv) > 3 else None

patch(("requests", "boto3"))
xray_recorder.configure(service=NAME)
app = Flask(NAME)
XRayMiddleware(app, xray_recorder)

daemon = DaemonConfig()
XRAY = boto3.client("xray", endpoint_url=f"http://{daemon.tcp_ip}:{daemon.tcp_port}", region_name="us-east-1")
DYNAMODB = boto3.client("dynamodb", endpoint_url=TABLE_URL, region_name="us-east-1")


@app.get("/warm-up")
def warm_up():
    return "warm"


@app.get("/order")
def order():
    xray_recorder.put_annotation("basket", "b-1")
    if DOWNSTREAM_URL:
        return requests.get(f"{DOWNSTREAM_URL}/order", timeout=10).text
    DYNAMODB.get_item(TableName="Stock", Key={"id": {"S": "1"}})
    return {"groups": len(XRAY.get_groups()["Groups"])}


@app.get("/missing")
def missing():
    return "no such thing", 404


@app.get("/broken")
def broken():
    raise RuntimeError("out of paper")


@app.get("/nobody")
def nobody():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening: refused for certain
        try:
            requests.get(f"http://127.0.0.1:{taken.getsockname()[1]}/", timeout=10)
        except requests.ConnectionError:
            return "nobody there"
    return "somebody there", 500


server = make_server("127.0.0.1", 0, app, threaded=True)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
