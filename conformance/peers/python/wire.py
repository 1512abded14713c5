"""One TCP connection that carries EOP: reading, writing and the clocks of a peer on an event loop.

The socket is raw and non-blocking, so that its owner knows exactly which octets the transport took. What never comes
in: what a message means, and where a REDIRECT leads.
"""
from __future__ import annotations

import asyncio
import enum
import socket
import struct
from collections import deque
from itertools import islice
from typing import Callable, Deque, List, Optional

from eop import Decoder, Frame

READ = memoryview(bytearray(262144))  # one thread, one read at a time: all connections share it
FAIR = 4194304  # octets written to one connection before the others have their turn
GATHER = 64  # buffers handed over in one operation


class End(enum.Enum):
    """What the peer's direction has come to."""

    OPEN = "open"
    FIN = "fin"
    RESET = "reset"


class Timer:
    """Runs `act` once, some milliseconds after `start`, unless stopped or started again."""

    def __init__(self, loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
        self._loop, self._act = loop, act
        self._handle: Optional[asyncio.TimerHandle] = None

    @property
    def running(self) -> bool:
        return self._handle is not None

    def start(self, milliseconds: float) -> None:
        self.stop()
        self._handle = self._loop.call_later(milliseconds / 1000, self._fire)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _fire(self) -> None:
        self._handle = None
        self._act()


class Wire:
    """A connected socket, its decoder and what it has yet to write.

    Its owner has three methods: `readable()`; `writable()`, when a flush can go on; and `expired(kind)` for Stall
    (EOP-CLS-12) and Timeout (EOP-TIM-1). After `close` none of them is called.
    """

    def __init__(self, loop, sock: socket.socket, decoder: Decoder, owner, stall: int, header: int,
                 was_reset: bool = False) -> None:
        sock.setblocking(False)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # EOP-FRM-10
        except OSError:
            pass  # reset already, which the first read will show
        self.sock, self.decoder, self.owner = sock, decoder, owner
        self.end = End.OPEN
        self.pending = 0  # octets put and not yet taken by the transport
        self.blocked = False  # the transport took no more when last asked
        self.broken = False  # a write failed: nothing more can be sent
        self.was_reset = was_reset  # RST was seen elsewhere; the system tells of it once, then shows an end of stream
        self._out: Deque[memoryview] = deque()
        self._loop = loop
        self._reading = self._writing = self._closed = False
        self._stall, self._header = stall, header
        self._stall_timer = Timer(loop, lambda: owner.expired("Stall"))
        self._header_timer = Timer(loop, lambda: owner.expired("Timeout"))
        self._timed_header: Optional[int] = None
        self.watch(True)

    def watch(self, wanted: bool) -> None:
        """Report what can be read, or leave it with the transport; a header is timed only while it is read."""
        wanted = wanted and self.end is End.OPEN and not self._closed
        if wanted != self._reading:
            self._reading = wanted
            if wanted:
                self._loop.add_reader(self.sock, self.owner.readable)
            else:
                self._loop.remove_reader(self.sock)
        self._watch_header()

    def receive(self) -> bool:
        """Read once; whether that brought octets or the end of the stream."""
        if self.end is not End.OPEN:
            return False
        try:
            count = self.sock.recv_into(READ)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self._ended(End.RESET)
            return True
        if count:
            self.decoder.feed(READ[:count])
        else:
            self._ended(End.RESET if self.was_reset else End.FIN)
        return True

    def discard(self) -> bool:
        """Read once without looking at it (EOP-CLS-2); whether that brought octets."""
        if self.end is not End.OPEN:
            return False
        try:
            count = self.sock.recv_into(READ)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            self._ended(End.RESET)
            return False
        if not count:
            self._ended(End.FIN)
        return count > 0

    def next(self) -> Optional[Frame]:
        """The next complete frame, None if more octets are needed; ProtocolError as from the decoder."""
        frame = self.decoder.next()
        if frame is None and self.end is End.FIN:
            self.decoder.finish()
        self._watch_header()
        return frame

    def put(self, chunks: List[memoryview]) -> None:
        """Queue the octets of a frame; `flush` hands them over."""
        self._out.extend(chunks)
        self.pending += sum(len(chunk) for chunk in chunks)

    def flush(self) -> int:
        """Hand the transport what it takes, a frame in one operation if it can; how many octets it took."""
        total = 0
        self.blocked = False
        while self._out and not self.broken and total < FAIR:
            try:
                taken = self.sock.sendmsg(list(islice(self._out, GATHER)))
            except (BlockingIOError, InterruptedError):
                self.blocked = True
                break
            except OSError as error:
                self.broken = True
                self.was_reset |= isinstance(error, ConnectionResetError)
                break
            total += taken
            self._take(taken)
        self._watch_writing(progress=total > 0)
        return total

    def drop(self) -> None:
        """Forget what the transport did not take (EOP-ERR-2)."""
        self._out.clear()
        self.pending = 0
        self._watch_writing(progress=False)

    def half_close(self) -> None:
        """End our direction with FIN."""
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.broken = True

    def close(self) -> None:
        """Close; the transport still delivers what it took."""
        if self._closed:
            return
        self._closed = True
        self.watch(False)
        self._out.clear()
        self._watch_writing(progress=False)
        self.sock.close()

    def abort(self) -> None:
        """Close with RST."""
        if not self._closed:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def _ended(self, end: End) -> None:
        self.end = end
        self.watch(False)

    def _take(self, count: int) -> None:
        self.pending -= count
        while count:
            chunk = self._out[0]
            if count < len(chunk):
                self._out[0] = chunk[count:]
                return
            count -= len(chunk)
            self._out.popleft()

    def _watch_writing(self, progress: bool) -> None:
        wanted = bool(self._out) and not self.broken
        if wanted != self._writing:
            self._writing = wanted
            if wanted:
                self._loop.add_writer(self.sock, self.owner.writable)
            else:
                self._loop.remove_writer(self.sock)
        if not wanted:
            self._stall_timer.stop()
        elif progress or not self._stall_timer.running:
            self._stall_timer.start(self._stall)

    def _watch_header(self) -> None:
        header = self.decoder.headers if self._reading and self.decoder.in_header() else None
        if header != self._timed_header:
            self._timed_header = header
            if header is None:
                self._header_timer.stop()
            else:
                self._header_timer.start(self._header)
