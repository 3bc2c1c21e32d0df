"""Stands in for DynamoDB: every table is empty."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class EmptyTable(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b"{}"
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("x-amzn-RequestId", "0" * 32)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), EmptyTable)
print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
