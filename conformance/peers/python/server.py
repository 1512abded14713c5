#!/usr/bin/env python3
"""An EOP server that speaks the test service (spec/testee.md, section 2).

Started with EOP_LISTEN and EOP_OPTIONS in its environment; prints `ready A.B.C.D:P`; leaves when standard input ends.
Refuses to listen beyond loopback unless started with `--anywhere` (EOP-TST-3).
"""
from __future__ import annotations

import asyncio
import enum
import fcntl
import os
import socket
import struct
import sys
import termios
from collections import Counter, defaultdict
from typing import Callable, Dict, Iterator, List, Optional, Set

import eop
import grammar
import process
import steps
from eop import Decoder, Endpoint, Payload, ProtocolError
from grammar import GrammarError
from steps import Step
from wire import End, Timer, Wire

DEFAULTS = {"limit": eop.DEFAULT_LIMIT, "linger-idle": 5000, "linger-total": 30000, "header": 10000, "stall": 30000}
BACKLOG = 4096
ACCEPTS = 64  # connections accepted before the others have their turn
AWAIT = 30000  # milliseconds until an unsignalled `await` ends with its connection
READS = 64  # reads of what lies there before a connection is given up
HIGH_WATER = 1048576  # octets yet to write, above which no further request is handled
POLL = 10  # milliseconds between two looks at what the transport has acknowledged
MIN_RATE = 65536  # octets per second that a path is trusted with where acknowledgement cannot be seen (EOP-CLS-4)


class State(enum.Enum):
    """What becomes of a connection; all but SERVING and CLOSED discard what they read (EOP-CLS-1)."""

    SERVING = "serving"
    REDIRECTED = "redirected"  # discards, and closes when the client did or a limit passed
    ENDING = "ending"  # FIN after what is queued, then as REDIRECTED
    RESETTING = "resetting"  # RST after what is queued was acknowledged
    CLOSED = "closed"


def unacknowledged(sock: socket.socket) -> Optional[int]:
    """Octets that the transport took and the peer's has not acknowledged; None where that cannot be seen."""
    if not sys.platform.startswith("linux"):
        return None
    return struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, b"\0\0\0\0"))[0]  # SIOCOUTQ


class Service:
    """The whole process: options, counts, signals, listening ports."""

    def __init__(self, loop: asyncio.AbstractEventLoop, options: Dict[str, int]) -> None:
        self.loop, self.options = loop, options
        self.counts: Counter = Counter()
        self.signalled: Set[str] = set()
        self.waiting: Dict[str, Set[Connection]] = defaultdict(set)
        self.connections: Set[Connection] = set()

    def listen(self, at: Endpoint, greeting: List[Step]) -> Endpoint:
        """Open a listening port whose connections begin with the steps of `greeting`."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(at)
            sock.listen(BACKLOG)
        except OSError:
            sock.close()
            raise
        sock.setblocking(False)
        self._accept_from(sock, greeting)
        return Endpoint(*sock.getsockname())

    def signal(self, token: str) -> None:
        """Release every `await` of the token, past and future."""
        self.signalled.add(token)
        for connection in self.waiting.pop(token, ()):
            self.loop.call_soon(connection.released)

    def forget(self, token: str, connection: Connection) -> None:
        """The connection waits for the token no more."""
        waiting = self.waiting.get(token, set())
        waiting.discard(connection)
        if not waiting:
            self.waiting.pop(token, None)

    def hello(self) -> str:
        return "eop-test 1 " + " ".join(f"{name}={value}" for name, value in self.options.items())

    def _accept_from(self, sock: socket.socket, greeting: List[Step]) -> None:
        self.loop.add_reader(sock, self._accept, sock, greeting)

    def _accept(self, sock: socket.socket, greeting: List[Step]) -> None:
        for _ in range(ACCEPTS):
            try:
                accepted, _ = sock.accept()
            except (BlockingIOError, InterruptedError, ConnectionError):
                return
            except OSError as error:  # out of descriptors: those who wait are accepted when some are free
                print(f"accept: {error}", file=sys.stderr)
                self.loop.remove_reader(sock)
                self.loop.call_later(0.05, self._accept_from, sock, greeting)
                return
            Connection(self, accepted).begin(greeting)


class Connection:
    """One accepted connection: requests in order, then a departure that loses nothing."""

    def __init__(self, service: Service, sock: socket.socket) -> None:
        options = service.options
        self.service = service
        self.local = Endpoint(*sock.getsockname())
        self.state = State.SERVING
        self.wire = Wire(service.loop, sock, Decoder(options["limit"], redirects=False), self,
                         options["stall"], options["header"])
        self.steps: Optional[Iterator[str]] = None  # steps that were begun and wait for a signal
        self.awaited = ""  # the token of that signal
        self.await_timer = Timer(service.loop, self.close)
        self.poll_timer = Timer(service.loop, self._depart)
        self.idle_timer = Timer(service.loop, self._give_up)
        self.total_timer = Timer(service.loop, self._give_up)
        self.stuck_timer = Timer(service.loop, self._give_up)  # taken by the transport, never acknowledged
        self.timers = (self.await_timer, self.poll_timer, self.idle_timer, self.total_timer, self.stuck_timer)
        self.unacknowledged = 0  # octets, when last seen
        self.trusted_at: Optional[float] = None  # when MIN_RATE has carried everything
        service.connections.add(self)

    def begin(self, greeting: List[Step]) -> None:
        """Run the steps of the listening port, then serve (EOP-RED-11)."""
        self._run(self._perform(greeting, answered=True))
        self._serve()

    # What the wire and the service tell.

    def readable(self) -> None:
        if self.state is State.SERVING:
            self.wire.receive()
            self._serve()
        else:
            self._discard()

    def writable(self) -> None:
        self._flush()
        if self.state is State.SERVING:
            self._serve()

    def expired(self, kind: str) -> None:
        """EOP-CLS-12, and EOP-TIM-1 while headers matter."""
        if kind == "Stall":
            self._give_up()
        elif self.state is State.SERVING:
            self._fail(ProtocolError(kind, "a header took too long"))

    def released(self) -> None:
        """The signal of an `await` came."""
        if self.steps is not None and self.state is State.SERVING:
            self.await_timer.stop()
            self._run(self.steps)
            self._serve()

    def close(self) -> None:
        self._leave(self.wire.close)

    # Serving.

    def _serve(self) -> None:
        """Handle complete requests, one after another, until one has to wait; nobody else does (EOP-TST-4)."""
        try:
            while self._ready():
                frame = self.wire.next()
                if frame is None:
                    if self.wire.end is not End.OPEN:
                        self._part(State.ENDING)  # everything received was answered (EOP-HCL-1)
                    break
                self._handle(frame.payload)
        except ProtocolError as error:
            self._fail(error)
        self.wire.watch(self.state is not State.SERVING or self._ready())

    def _ready(self) -> bool:
        return self.state is State.SERVING and self.steps is None and self.wire.pending < HIGH_WATER

    def _handle(self, octets: bytes) -> None:
        try:
            request = steps.request(octets)
        except GrammarError:
            return self._answer(b"unknown")
        if request.verb == "do":
            return self._run(self._perform(request.steps, answered=False))
        if request.verb == "listen":
            return self._answer(self._open(request.steps))
        if request.verb == "hello":
            return self._answer(self.service.hello().encode())
        if request.verb == "signal":
            self.service.signal(request.token)
            return self._answer(b"ok")
        if request.verb == "mark":
            self.service.counts[request.token] += 1
        return self._answer(b"%d" % self.service.counts[request.token])

    def _open(self, greeting: List[Step]) -> bytes:
        try:
            return b"port %d" % self.service.listen(Endpoint(self.local.host, 0), greeting).port
        except OSError as error:
            print(f"listen: {error}", file=sys.stderr)
            return b"unknown"

    def _run(self, performance: Iterator[str]) -> None:
        """Go on with steps until they end or wait for a signal."""
        self.steps = None
        token = next(performance, None)
        if token is not None and self.state is State.SERVING:
            self.steps, self.awaited = performance, token
            self.service.waiting[token].add(self)
            self.await_timer.start(AWAIT)

    def _perform(self, todo: List[Step], answered: bool) -> Iterator[str]:
        """Do the steps in order; yields each token that has to be waited for."""
        for step in todo:
            if step.verb == "mark":
                self.service.counts[step.token] += 1
            elif step.verb == "await":
                if step.token not in self.service.signalled:
                    yield step.token
            elif step.verb == "answer":
                self._send(eop.normal(step.payload))
                answered = True
            elif step.verb == "redirect":
                self._redirect(step, answered)
            elif step.verb == "fin":
                self._part(State.ENDING)
            elif step.verb == "reset":
                self._part(State.RESETTING)

    def _redirect(self, step: Step, answered: bool) -> None:
        """Move the client on along the list (EOP-TST-9), or say why not (EOP-TST-10, EOP-TST-13)."""
        behind = [i for i, endpoint in enumerate(step.targets, 1) if endpoint == self.local]
        place = behind[-1] if behind else 0
        refusal = b"here" if place == len(step.targets) else b""
        if not refusal and step.targets[place].forbidden():
            refusal = b"refused"  # EOP-RED-14
        if refusal:
            if not answered:
                self._answer(refusal)
            return
        if step.payload is None:
            frames = eop.redirect(step.targets[place], Payload())
        elif step.payload.size:
            frames = eop.redirect(step.targets[place], step.payload)  # EOP-RED-3
        else:
            frames = eop.normal(Payload()) + eop.redirect(step.targets[place], Payload())  # EOP-RED-4
        self._send(frames)
        self._part(State.REDIRECTED)

    def _answer(self, octets: bytes) -> None:
        self._send(eop.normal(Payload(octets)))

    def _send(self, chunks: List[memoryview]) -> None:
        self.wire.put(chunks)
        self._flush()

    def _flush(self) -> None:
        self.wire.flush()
        if self.wire.broken:
            self.close()
        elif self.state in (State.REDIRECTED, State.ENDING, State.RESETTING):
            self._depart()

    def _fail(self, error: ProtocolError) -> None:
        """End the connection and send nothing more (EOP-ERR-1, EOP-ERR-2); FIN lets earlier answers arrive."""
        self.wire.drop()
        self._part(State.ENDING)

    # Departing: everything queued arrives before the connection closes.

    def _part(self, state: State) -> None:
        """Serve no more; with FIN or RST to come, or waiting for the client's FIN (EOP-CLS-1)."""
        if self.state is State.SERVING:
            self.state, self.steps = state, None
            self.wire.watch(True)
            self._depart()

    def _depart(self) -> None:
        """Take the next stage of departing that what is written and acknowledged allows."""
        end, resetting = self.wire.end, self.state is State.RESETTING
        if self.state in (State.SERVING, State.CLOSED) or (self.wire.pending and end is not End.RESET):
            return
        if end is End.RESET or (end is End.FIN and not resetting):
            return self.close()  # EOP-CLS-5; the transport delivers what it took (EOP-CLS-7)
        if self.state is State.ENDING:
            self.wire.half_close()
        if self.total_timer.running:
            return
        if not self._acknowledged():
            self.poll_timer.start(POLL)
        elif resetting:
            self._leave(self.wire.abort)
        else:
            self.stuck_timer.stop()
            self.idle_timer.start(self.service.options["linger-idle"])
            self.total_timer.start(self.service.options["linger-total"])

    def _acknowledged(self) -> bool:
        """Whether everything written can count as acknowledged (EOP-CLS-4)."""
        left = unacknowledged(self.wire.sock)
        now = self.service.loop.time()
        if left is None:
            if self.trusted_at is None:
                queue = self.wire.sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
                self.trusted_at = now + queue / MIN_RATE
            return now >= self.trusted_at
        if left and left != self.unacknowledged:
            self.unacknowledged = left
            self.stuck_timer.start(self.service.options["stall"])
        return left == 0

    def _discard(self) -> None:
        """EOP-CLS-1, EOP-CLS-2: read, and look at nothing."""
        if self.wire.discard() and self.idle_timer.running:
            self.idle_timer.start(self.service.options["linger-idle"])
        if self.wire.end is not End.OPEN:
            self._depart()

    def _give_up(self) -> None:
        """A limit passed: read what is there, so that the close sends FIN and not RST (EOP-CLS-7)."""
        for _ in range(READS):
            if not self.wire.discard():
                break
        self.close()

    def _leave(self, way: Callable[[], None]) -> None:
        if self.state is State.CLOSED:
            return
        self.state, self.steps = State.CLOSED, None
        for timer in self.timers:
            timer.stop()
        self.service.forget(self.awaited, self)
        self.service.connections.discard(self)
        way()


def options_in(text: str) -> Dict[str, int]:
    """The options of EOP_OPTIONS over the defaults; an unknown one is ignored."""
    options = dict(DEFAULTS)
    for option in text.split():
        name, _, value = option.partition("=")
        if name in options:
            options[name] = grammar.number(value)
    return options


def main() -> int:
    at_text = os.environ.get("EOP_LISTEN", "127.0.0.1:0")
    options_text = os.environ.get("EOP_OPTIONS", "")
    try:
        at, options = grammar.endpoint(at_text), options_in(options_text)
    except GrammarError as error:
        print(f"EOP_LISTEN={at_text!r} EOP_OPTIONS={options_text!r}: {error}", file=sys.stderr)
        return 2
    if not at.host.startswith("127.") and "--anywhere" not in sys.argv[1:]:
        print(f"{at} is not loopback; --anywhere allows it (EOP-TST-3)", file=sys.stderr)
        return 2
    process.lift_file_limit()
    loop = asyncio.new_event_loop()
    service = Service(loop, options)
    try:
        print(f"ready {service.listen(at, [])}", flush=True)
    except OSError as error:
        print(f"{at}: {error}", file=sys.stderr)
        return 1
    process.follow_stdin(loop, lambda octets: None)
    loop.run_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
