"""A real HTTP server between Nearsight and an S3 store, on which the network can go wrong."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Exchange:
    """One request on its way; a fault calls `relay` or `answer`, once at most, or hangs up."""

    handler: BaseHTTPRequestHandler
    upstream: tuple[str, int]
    body: bytes

    @property
    def method(self) -> str:
        return self.handler.command

    @property
    def path(self) -> str:
        return self.handler.path

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.handler.headers.items())

    def ask(
        self, method: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Ask the store; its status, headers and body."""
        connection = http.client.HTTPConnection(*self.upstream, timeout=30)
        try:
            connection.putrequest(
                method or self.method, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in (headers or self.headers).items():
                connection.putheader(name, value)
            connection.endheaders(self.body if method is None else None)
            said = connection.getresponse()
            return said.status, dict(said.getheaders()), said.read()
        finally:
            connection.close()

    def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.handler.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                self.handler.send_header(name, value)
        if "content-length" not in map(str.lower, headers):
            self.handler.send_header("Content-Length", str(len(body)))
        self.handler.end_headers()
        if self.method != "HEAD":
            self.handler.wfile.write(body)

    def refuse(self, status: int, code: str) -> None:
        """Answer as S3 does when it fails."""
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>no</Message></Error>"
        self.answer(status, {"Content-Type": "application/xml"}, body.encode())

    def relay(self) -> None:
        self.answer(*self.ask())


Fault = Callable[[Exchange], None]


@contextmanager
def proxy(endpoint: str, fault: Fault) -> Iterator[str]:
    """Serve what `endpoint` serves, every request through `fault`; its address."""
    host, port = endpoint.removeprefix("http://").split(":")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except (ConnectionError, BrokenPipeError):
                self.close_connection = True

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            fault(Exchange(self, (host, int(port)), body))

        do_GET = do_PUT = do_POST = do_PATCH = do_HEAD = do_DELETE = serve

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
