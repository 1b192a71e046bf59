"""A web server on the loopback that misbehaves as it is told, request by request."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from repro.fetching.download import Patience
from repro.fetching.wanted_file import WantedFile

PATIENCE = Patience(timeout=0.15, attempts=3, pause=0.0)
PAGE = b"<!DOCTYPE html><html><body>Sign in</body></html>"
DATE = "Thu, 01 Jan 2026 00:00:00 GMT"


@dataclass
class FaultServer:
    """What is served, what goes wrong with each request in turn, and what was asked and sent."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[tuple[str, int]] = field(default_factory=list)
    """the kind, and at which byte; when none is left all goes well"""
    validator: str = "etag"
    """what the state of a file is told by: etag, weak, date or nothing"""
    instead: bytes = b""
    """what a file becomes by `changed`"""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sent: int = 0
    """bytes of files"""
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, name: str) -> str:
        return f"{self.address}/{name}"


def _handler(server: FaultServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            server.asked.append((self.path, dict(self.headers)))
            name = self.path.rpartition("/")[2]
            fault, at = server.faults.pop(0) if server.faults else ("", 0)
            if fault == "changed":
                server.files[name] = server.instead
            answer(self, server, name, fault, at)

    return Handler


def answer(
    handler: BaseHTTPRequestHandler, server: FaultServer, name: str, fault: str, at: int
) -> None:
    """One answer, with what is wrong with it."""
    content = server.files.get(name)
    code = int(fault) if fault.isdecimal() else 404 if content is None else 200
    places = {"redirect": f"/moved/{name}", "loop": handler.path, "to_file": "file:///etc/passwd"}
    if fault in places:
        _head(handler, 302, {"Location": places[fault], "Content-Length": "0"})
        return
    if fault in ("html", "hidden_html"):
        kind = "text/html; charset=utf-8" if fault == "html" else "application/octet-stream"
        _body(handler, server, {"Content-Type": kind}, PAGE)
        return
    if code != 200 or content is None:
        _head(handler, code, {"Content-Length": "0"})
        return
    if fault == "drop":
        return
    whole = bytes(byte ^ 1 for byte in content) if fault == "damaged" else content
    start, headers = _range(handler, server, content, fault)
    part = whole[start:]
    if fault == "half_range" and "Content-Range" in headers:
        part = part[: max(len(part) // 2, 1)]
        headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(whole)}"
    if fault == "gzip":
        part, headers = gzip.compress(whole), {**headers, "Content-Encoding": "gzip"}
    length = {"too_long": len(part) + 7, "too_short": max(len(part) - 7, 0)}.get(fault, len(part))
    if fault != "no_length":
        headers["Content-Length"] = str(length)
    cut = at % max(len(part), 1) if fault in ("cut", "stall") else len(part)
    _body(handler, server, headers, part[:cut], 206 if "Content-Range" in headers else 200)
    if fault == "stall":
        handler.wfile.flush()
        server.closing.wait(0.5)


def _range(
    handler: BaseHTTPRequestHandler, server: FaultServer, content: bytes, fault: str
) -> tuple[int, dict[str, str]]:
    """From which byte it is sent, and the headers so far."""
    tag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
    valid = {"etag": {"ETag": tag}, "weak": {"ETag": f"W/{tag}"}, "date": {"Last-Modified": DATE}}
    headers = dict(valid.get(server.validator, {}))
    asked = handler.headers.get("Range")
    condition = handler.headers.get("If-Range")
    fits = condition is None or condition in headers.values()
    if asked is None or not fits or fault in ("no_range", "gzip"):
        return 0, headers
    start = int(asked.removeprefix("bytes=").removesuffix("-"))
    if fault == "wrong_range":
        start = max(start - 5, 0)
    headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return start, headers


def _head(handler: BaseHTTPRequestHandler, code: int, headers: dict[str, str]) -> None:
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()


def _body(
    handler: BaseHTTPRequestHandler,
    server: FaultServer,
    headers: dict[str, str],
    content: bytes,
    code: int = 200,
) -> None:
    _head(handler, code, headers)
    server.sent += len(content)
    handler.wfile.write(content)


@contextmanager
def serving() -> Iterator[FaultServer]:
    """A server that runs until the end of the block."""
    state = FaultServer()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client went away
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


def wanted_of(
    server: FaultServer | None,
    folder: Path,
    name: str,
    content: bytes,
    hashed: bool = True,
    **facts: object,
) -> WantedFile:
    """A file that the server has, and what is published of it."""
    if server is not None:
        server.files[name] = content
    digest = hashlib.sha256(content).hexdigest() if hashed else None
    address = server.url(name) if server is not None else None
    values = {"address": address, "sha256": digest, **facts}
    return WantedFile(name, "a test's", folder, "https://example.org/page", **values)  # type: ignore[arg-type]
