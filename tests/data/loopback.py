"""A mirror on 127.0.0.1 with the faults that mirrors have."""

import gzip
import hashlib
import socket
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from qlib.data.download import Remote

PIECE = 40_000  # bytes that a breaking mirror sends before it breaks


class Mirror(ThreadingHTTPServer):
    """files: name -> bytes; asked: the Range of each request, in order."""

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), Handler)
        self.files, self.asked = files, []

    def url(self, manner, name):
        """manner: good, breaks, breaks-once, ignores, sorry or gone."""
        return f"http://127.0.0.1:{self.server_port}/{manner}/{name}"


class Handler(BaseHTTPRequestHandler):
    """One request, in the manner of the first word of its path."""

    def do_GET(self):
        manner, name = self.path[1:].split("/", 1)
        self.server.asked.append((manner, self.headers["Range"]))
        start = int(self.headers["Range"].removeprefix("bytes=")[:-1])
        if manner == "gone" or (manner == "breaks-once" and start):
            return self.send_error(404)
        body = self.server.files[name]
        if manner in ("ignores", "sorry"):
            start = 0
        if manner == "sorry":
            body = b"<html>We are closed.</html>"
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        rest = body[start:]
        self.wfile.write(rest[:PIECE] if "breaks" in manner else rest)

    def log_message(self, *_):
        """Say nothing."""


@contextmanager
def mirror(files):
    """A mirror, for as long as the test lasts."""
    server = Mirror(files)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def dead_url():
    """An address where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}/file"


def remote(name, data, *urls):
    """The description of these bytes."""
    return Remote(name, hashlib.sha256(data).hexdigest(), len(data), urls)


def idx(array):
    """IDX as its authors describe it, gzipped."""
    header = struct.pack(">HBB", 0, 8, array.ndim)
    header += struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(header + array.tobytes(), mtime=0)
