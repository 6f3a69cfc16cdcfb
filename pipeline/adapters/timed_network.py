"""httpcore's network with an end: its own time-outs start anew with every piece, so a camera that sends a byte now and
then would hold a thread for ever."""

import ssl
import time
from collections.abc import Iterable

import httpcore


class TimedBackend(httpcore.NetworkBackend):
    """For the connections of one capture; `ends` is on the monotonic clock."""

    def __init__(self, ends: float) -> None:
        self._plain = httpcore.SyncBackend()
        self._ends = ends
        self.ended = False
        """Whether the other side has closed a connection."""

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        plain = self._plain.connect_tcp(host, port, self.left_s(timeout), local_address, socket_options)
        return _TimedStream(plain, self)

    def left_s(self, timeout: float | None) -> float:
        """The lesser of `timeout` and what is left of the whole. Raises ReadTimeout at the end."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time for this capture is over")
        return left if timeout is None else min(left, timeout)


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, plain: httpcore.NetworkStream, backend: TimedBackend) -> None:
        self._plain = plain
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        piece = self._plain.read(max_bytes, self._backend.left_s(timeout))
        self._backend.ended = not piece
        return piece

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._plain.write(buffer, self._backend.left_s(timeout))

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        plain = self._plain.start_tls(ssl_context, server_hostname, self._backend.left_s(timeout))
        return _TimedStream(plain, self._backend)

    def get_extra_info(self, info: str) -> object:
        return self._plain.get_extra_info(info)
