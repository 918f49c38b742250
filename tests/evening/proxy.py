"""A bad line between phone and server: every connection carries one request, and some of them meet with a fault."""

import random
import socket
import threading
from collections import Counter
from collections.abc import Mapping
from types import TracebackType

# What happens to a connection, of 100. "late": the phone is cut off at once and its request arrives all the same,
# after others; "slow": the reply takes its time; "twice": the server gets the request two times.
_FAULTS = {"pass": 72, "cut_request": 7, "lose_reply": 10, "cut_reply": 8, "portal": 3}
ALL_FAULTS = {
    "pass": 74,
    "cut_request": 4,
    "lose_reply": 6,
    "cut_reply": 4,
    "portal": 3,
    "late": 3,
    "slow": 3,
    "twice": 3,
}
_LATEST, _SLOWEST = 2.0, 0.5
_PORTAL = b"<html><body>Wifi mien phi: moi dang nhap</body></html>"
_SECONDS = 60


class BadLine:
    """Listens on a port of its own and forwards to the server at `target`; `faults` counts what went wrong."""

    def __init__(self, target: int, seed: int, faults: Mapping[str, int] = _FAULTS) -> None:
        self.healthy = False
        self.faults: Counter[str] = Counter()
        self._mix = faults
        self._over = threading.Event()
        self._target = target
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "BadLine":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client:
            client.settimeout(_SECONDS)
            try:
                request = _request(client)
                fault, share = self._choose()
                if fault == "portal":
                    client.sendall(_html())
                    return
                if fault == "cut_request":
                    self._send(request[: int(len(request) * share)], whole=False)
                    return
                if fault == "late":
                    client.close()
                    self._over.wait(share * _LATEST)
                if fault == "twice":
                    self._send(request)
                reply = self._send(request)
                if fault == "slow":
                    self._over.wait(share * _SLOWEST)
                if fault == "cut_reply":
                    client.sendall(reply[: int(len(reply) * share)])
                elif fault in ("pass", "slow", "twice"):
                    client.sendall(reply)
            except OSError:
                return

    def _send(self, request: bytes, *, whole: bool = True) -> bytes:
        """What the server answers; with `whole` false the line breaks before it can."""
        with socket.create_connection(("127.0.0.1", self._target), timeout=_SECONDS) as server:
            server.sendall(request)
            return _until_closed(server) if whole else b""

    def _choose(self) -> tuple[str, float]:
        with self._lock:
            if self.healthy:
                return "pass", 1.0
            fault = self._random.choices(tuple(self._mix), tuple(self._mix.values()))[0]
            if fault != "pass":
                self.faults[fault] += 1
            return fault, self._random.random()


def _request(client: socket.socket) -> bytes:
    """One whole HTTP request."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = client.recv(65536)
        if not more:
            raise OSError("the phone hung up")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.lower().split(b"\r\n")
            if line.startswith(b"content-length:")
        ),
        0,
    )
    while len(body) < length:
        more = client.recv(65536)
        if not more:
            raise OSError("the phone hung up")
        body += more
    return head + b"\r\n\r\n" + body


def _until_closed(server: socket.socket) -> bytes:
    data = b""
    while more := server.recv(65536):
        data += more
    return data


def _html() -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(_PORTAL)}\r\nConnection: close\r\n\r\n"
    return head.encode() + _PORTAL
