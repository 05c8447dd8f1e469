"""A web server that misbehaves as told: ``python -m tests.speech.faulty_server``.

A plan, posted to /plan, gives for each path its file (``body``, text; ``etag``, ``modified``) and
``faults``, one for each request in turn, then none. A fault is a table of: ``status`` (with
``retry_after``), ``redirect`` (an address), ``cut`` or ``stall`` or ``hold`` (after so many bytes
of the answer: hang up, say no more, say no more until POST /go), ``length`` (claimed),
``unstated`` (length), ``start`` (claimed in Content-Range), ``whole`` (ignores the range),
``ranged`` (ignores If-Range), ``chunked``, ``becomes`` (another body, with another ETag, from now
on), ``drip`` (a byte at a time).

Its first line says the port. /asked gives the requests since the plan was posted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.request import ProxyHandler, Request, build_opener

Fault = dict[str, Any]


class Handler(BaseHTTPRequestHandler):
    plan: ClassVar[dict[str, Any]] = {}
    asked: ClassVar[list[dict[str, str]]] = []
    go = threading.Event()
    over = threading.Event()
    lock = threading.Lock()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/go":
            self.go.set()
        else:
            with self.lock:
                Handler.plan, Handler.asked = json.loads(said), []
            self.go.clear()
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        if self.path == "/asked":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(self.asked).encode())
            return
        asked = {"path": self.path} | {
            name: self.headers[name] for name in ("Range", "If-Range") if name in self.headers
        }
        with self.lock:
            self.asked.append(asked)
            file = self.plan.get(self.path)
            fault: Fault = file["faults"].pop(0) if file and file.get("faults") else {}
        if file is None:
            self.send_error(404)
        elif "redirect" in fault:
            self.send_response(302)
            self.send_header("Location", fault["redirect"])
            self.end_headers()
        elif "status" in fault:
            self.send_response(fault["status"])
            if "retry_after" in fault:
                self.send_header("Retry-After", fault["retry_after"])
            self.end_headers()
        else:
            self.answer(file, fault)

    def answer(self, file: dict[str, Any], fault: Fault) -> None:
        if "becomes" in fault:
            file |= {"body": fault["becomes"], "etag": '"another"'}
        body = file["body"].encode()
        start = self.start_of_range(file, fault, len(body))
        if start is not None and start >= len(body):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(body)}")
            self.end_headers()
            return
        self.send_response(200 if start is None else 206)
        if start is not None:
            claimed = fault.get("start", start)
            self.send_header("Content-Range", f"bytes {claimed}-{len(body) - 1}/{len(body)}")
            body = body[start:]
        for name, header in (("etag", "ETag"), ("modified", "Last-Modified")):
            if file.get(name):
                self.send_header(header, file[name])
        if fault.get("chunked"):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.send(f"{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n", fault)
            return
        if not fault.get("unstated"):
            self.send_header("Content-Length", str(fault.get("length", len(body))))
        self.end_headers()
        self.send(body, fault)

    def start_of_range(self, file: dict[str, Any], fault: Fault, total: int) -> int | None:
        asked = self.headers.get("Range")
        if asked is None or fault.get("whole"):
            return None
        condition = self.headers.get("If-Range")
        if condition not in (None, file.get("etag"), file.get("modified")) and not (
            fault.get("ranged")
        ):
            return None
        return int(asked.removeprefix("bytes=").rstrip("-"))

    def send(self, body: bytes, fault: Fault) -> None:
        self.close_connection = True
        stop = min(fault.get(kind, len(body)) for kind in ("cut", "stall", "hold"))
        step = 1 if fault.get("drip") else stop
        for at in range(0, stop, max(1, step)):
            self.wfile.write(body[at : min(stop, at + step)])
            self.wfile.flush()
            if fault.get("drip") and self.over.wait(0.05):
                return
        if "stall" in fault:
            self.over.wait()
        if "hold" in fault:
            self.go.wait()
            self.wfile.write(body[stop:])


class FaultyServer:
    """The server in a process of its own, and what it was asked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.speech.faulty_server"],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"

    def plan(self, files: dict[str, Any]) -> None:
        """Forgets what was, and serves these files."""
        self._post("/plan", json.dumps(files).encode())

    def go(self) -> None:
        """Lets what is held go on."""
        self._post("/go", b"")

    def _post(self, path: str, said: bytes) -> None:
        self._open(Request(self.url + path, data=said)).close()

    @property
    def asked(self) -> list[dict[str, str]]:
        with self._open(Request(f"{self.url}/asked")) as answer:
            asked: list[dict[str, str]] = json.load(answer)
        return asked

    def ranges(self) -> list[str | None]:
        """The range of each request."""
        return [asked.get("Range") for asked in self.asked]

    def _open(self, request: Request) -> Any:
        return build_opener(ProxyHandler({})).open(request)

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()
