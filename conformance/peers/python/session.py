"""An EOP client session: one run of connections, from home over any number of moves (eop.md, sections 4 to 8).

What lives here: the accounting of messages, moves, bounds and ends, on non-blocking connections. What never comes in:
the lines of the driver's standard input and output; a session is told commands by method and tells `tell` its reports.
"""
from __future__ import annotations

import enum
import errno
import socket
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Callable, Deque, Dict, List, Optional

import eop
import policy
from eop import Decoder, Endpoint, Frame, Payload, ProtocolError
from wire import End, Timer, Wire

READS = 64  # reads of one connection before the others have their turn
SETTLE = 1000  # milliseconds in which a manual application can still retire (EOP-ACC-14)
MOVES_WINDOW = 60  # seconds (EOP-EPI-7)
BODY_SHOWN = 4096  # octets; of a longer message the CRC is reported
CONNECTING = (0, errno.EINPROGRESS)


class Misuse(Exception):
    """A command that the application must not give now; nothing happened. The message is a token."""


class Phase(enum.Enum):
    DIALING = "dialing"  # a TCP connection is being opened
    OPEN = "open"
    SETTLING = "settling"  # manual: it ended, and the application may still retire
    ENDED = "ended"


@dataclass
class Settings:
    """How the application wants its session; times in milliseconds, sizes in octets."""

    paired: bool = True
    greeting: int = 0
    automatic: bool = False
    secure: bool = True
    allow: List[policy.Allow] = field(default_factory=list)
    fallback: bool = False
    new_first: bool = False
    limit: int = eop.DEFAULT_LIMIT
    budget: int = 1048576
    max_redirects: int = 5
    moves: int = 30
    deadline: int = 30000
    episode: int = 10000
    stall: int = 30000
    header: int = 10000
    dial: Optional[Dict[Endpoint, Endpoint]] = None

    def route(self, endpoint: Endpoint) -> Optional[Endpoint]:
        """Where to dial for an endpoint, None for nowhere (EOP-DRV-4 to EOP-DRV-6)."""
        if self.dial is not None:
            return self.dial.get(endpoint)
        return endpoint if policy.scope(endpoint) is policy.Scope.LOOPBACK else None


class Message:
    """A message of the application that is outstanding."""

    __slots__ = ("payload", "never_resend", "owed", "held", "offered", "complete")

    def __init__(self, payload: Payload, never_resend: bool) -> None:
        self.payload, self.never_resend = payload, never_resend
        self.owed = False  # a REDIRECT left it unanswered (EOP-RSD-3)
        self.held = False  # the application has to decide about it first
        self.offered = False  # an octet of it was offered on the current connection
        self.complete: Optional[int] = None  # the hop where it was completely offered, until it is resent


@dataclass
class Move:
    """One hop of an episode, by a REDIRECT or by the fallback."""

    endpoint: Endpoint
    hop: int
    fallback: bool
    left: float  # of the deadline when it was made, in milliseconds


class Episode:
    """A run of moves and its bounds (section 7)."""

    def __init__(self, now: float, deadline: int, redirector: Optional[Endpoint]) -> None:
        self.redirector = redirector  # None if it does not count as visited (EOP-EPI-3)
        self.moves: List[Move] = []
        self._left = deadline / 1000
        self._since: Optional[float] = now  # None while the deadline stands still

    def move(self, endpoint: Endpoint, hop: int, fallback: bool, now: float) -> None:
        self.moves.append(Move(endpoint, hop, fallback, self.left(now)))

    def has_visited(self, endpoint: Endpoint) -> bool:
        return endpoint == self.redirector or any(move.endpoint == endpoint for move in self.moves)

    def fell_back(self) -> bool:
        return any(move.fallback for move in self.moves)

    def answered_before(self, hop: int, deadline: int) -> None:
        """A message was answered at an earlier hop: the REDIRECT that ended it began the episode (EOP-ACC-16)."""
        self.moves = [move for move in self.moves if move.hop > hop]
        self.redirector = None
        if self.moves:
            missed = deadline - self.moves[0].left
            for move in self.moves:
                move.left += missed
            self._left += missed / 1000

    def left(self, now: float) -> float:
        """Milliseconds until the deadline."""
        running = now - self._since if self._since is not None else 0
        return (self._left - running) * 1000

    def run(self, now: float, running: bool) -> None:
        """Let the deadline run, or stand still (EOP-EPI-6)."""
        self._left = self.left(now) / 1000
        self._since = now if running else None


@dataclass
class Ending:
    """Why a session is over, in the words of its `ended`."""

    kind: str
    target: Optional[Endpoint] = None
    cause: Optional[str] = None
    reason: Optional[str] = None
    clean_if_answered: bool = False  # FIN between frames: `eof` once nothing is outstanding
    late: Optional[bool] = None  # of a REDIRECT that a bound refused and a retirement may show to be within it


class Session:
    """One session. Commands are methods that raise Misuse; `tell` gets the text of every report."""

    def __init__(self, loop, home: Endpoint, settings: Settings, tell: Callable[[str], None]) -> None:
        self.loop, self.home, self.settings, self.tell = loop, home, settings, tell
        self.phase = Phase.DIALING
        self.ending: Optional[Ending] = None
        # The session's messages.
        self.queue: Deque[Message] = deque()
        self.half_closed = False
        self.unretired = False  # manual: a message was delivered since the last retire
        self.syncs: List[str] = []
        # The session's moves.
        self.hop = 0
        self.undecided = False  # the application was asked about this hop and has not answered
        self.moved: Deque[float] = deque()
        self.episode: Optional[Episode] = None
        # The current connection.
        self.endpoint = home
        self.at_target = False
        self.dialling: Optional[socket.socket] = None
        self.wire: Optional[Wire] = None
        self.leaving: Optional[Wire] = None  # new-first: the connection that is closed after the next one stands
        self.greetings = 0  # still to come
        self.sent = 0  # messages at the head of the queue that are completely offered here
        self.answered = False  # a message was answered here
        self.fin_sent = False
        self.deadline_timer = Timer(loop, self._deadline)
        self.idle_timer = Timer(loop, self._end_episode)
        self.settle_timer = Timer(loop, self._report)

    # Commands.

    def start(self) -> None:
        """Connect to home."""
        self._dial(self.home, at_target=False)

    def send(self, payload: Payload, never_resend: bool) -> None:
        if self.phase is Phase.SETTLING:
            raise Misuse("ended")
        if self.half_closed:
            raise Misuse("half-closed")
        if self._decision_due():
            raise Misuse("undecided")  # EOP-RSD-13
        self.queue.append(Message(payload, never_resend))
        self._turn()

    def retire(self, count: int) -> None:
        """The `count` oldest messages were answered (EOP-ACC-11, EOP-ACC-12)."""
        if self.settings.paired:
            raise Misuse("paired")
        if count > len(self.queue) or any(self.queue[i].complete is None for i in range(count)):
            raise Misuse("not-offered")
        for _ in range(count):
            message = self.queue.popleft()
            if message.offered:
                self._answered()
            else:
                self._answered_before(message.complete)
        self.sent = max(0, self.sent - count)
        self.unretired = False
        if count:
            self._judge_again()
        self._end_if_cleared()
        self._turn()

    def resend(self, hop: int) -> None:
        self._decide(hop)
        for message in self.queue:
            if message.held:
                message.complete = None  # to be offered anew: what the old connection answered is settled
            message.held = False
        self._turn()

    def drop(self, hop: int) -> None:
        """EOP-RSD-17: what is held is forgotten; what automatic resending began goes on."""
        self._decide(hop)
        self.queue = deque(message for message in self.queue if not message.held)
        self._end_if_cleared()
        self._turn()

    def half_close(self) -> None:
        if self.phase is Phase.SETTLING:
            raise Misuse("ended")
        if self.half_closed:
            raise Misuse("half-closed")
        self.half_closed = True
        self._end_if_cleared()
        self._turn()

    def close(self) -> None:
        if self.phase is not Phase.SETTLING:
            self._disconnect()
            self.ending = Ending("closed")
        self._report()

    def sync(self, token: str) -> None:
        self.syncs.append(token)
        if self.phase is Phase.SETTLING:
            self._report()
        else:
            self._turn()

    def _decide(self, hop: int) -> None:
        """EOP-RSD-12."""
        if hop != self.hop:
            raise Misuse("stale-hop")
        if not self.undecided or self.phase is Phase.SETTLING:
            raise Misuse("nothing-waits")
        self.undecided = False

    def _decision_due(self) -> bool:
        return self.undecided and any(message.held for message in self.queue)

    # What the wire tells.

    def readable(self) -> None:
        self.wire.receive()
        self._digest()
        self._turn()

    def writable(self) -> None:
        self._turn()

    def expired(self, kind: str) -> None:
        self._lost(kind)

    # Connecting.

    def _dial(self, endpoint: Endpoint, at_target: bool) -> None:
        """Open the connection; a refused one is told like a failed one."""
        self.phase = Phase.DIALING
        self.endpoint, self.at_target = endpoint, at_target
        self.greetings, self.sent = self.settings.greeting, 0
        self.answered = self.fin_sent = False
        now = self.loop.time()
        if self.episode is not None:
            self.episode.run(now, True)
        self.deadline_timer.start(self.episode.left(now) if self.episode else self.settings.deadline)
        address = self.settings.route(endpoint)
        if address is None:
            self.tell(f"dial {endpoint}")
            return self._lost("ConnectFailed")
        try:
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            return self._lost("ConnectFailed")
        self.dialling = sock
        sock.setblocking(False)
        try:
            status = sock.connect_ex(address)
        except OSError as error:
            status = error.errno or errno.EINVAL
        if status not in CONNECTING:
            return self._lost("ConnectFailed")
        self.loop.add_writer(sock, self._dialled)

    def _dialled(self) -> None:
        """The attempt came to its end, one way or the other."""
        sock, settings = self.dialling, self.settings
        self.loop.remove_writer(sock)
        arrival = _arrival(sock)
        if arrival is None:
            return self._lost("ConnectFailed")
        self.dialling = None
        self.wire = Wire(self.loop, sock, Decoder(settings.limit), self, settings.stall, settings.header,
                         was_reset=arrival is End.RESET)
        self.phase = Phase.OPEN
        self._let_go()
        self.tell(f"connected {self.endpoint} local={Endpoint(*sock.getsockname())} hop={self.hop}")
        if not self.greetings:
            self.deadline_timer.stop()
        self._turn()

    def _let_go(self) -> None:
        """Close the connection that a REDIRECT came on (EOP-CLS-8)."""
        if self.leaving is not None:
            self.leaving.close()
            self.leaving = None

    def _disconnect(self) -> None:
        """Close whatever is open."""
        self._let_go()
        self.deadline_timer.stop()
        self.idle_timer.stop()
        if self.dialling is not None:
            self.loop.remove_writer(self.dialling)
            self.dialling.close()
            self.dialling = None
        if self.wire is not None:
            self.wire.close()
            self.wire = None

    # Receiving.

    def _digest(self) -> None:
        """Process the frames that came, then the end of the stream if it came."""
        wire = self.wire
        try:
            while self.wire is wire:
                frame = wire.next()
                if frame is None:
                    break
                self._receive(frame)
        except ProtocolError as error:
            return self._lost(error.kind)
        if self.wire is wire and wire.end is not End.OPEN:
            self._lost("Uncertain", fin=wire.end is End.FIN)

    def _drain(self) -> bool:
        """Process everything that can be read; False if the connection did not stand that, or others are due."""
        wire = self.wire
        for _ in range(READS):
            if not wire.receive():
                return True
            self._digest()
            if self.wire is not wire:
                return False
        self.loop.call_soon(self._turn)
        return False

    def _receive(self, frame: Frame) -> None:
        if frame.target is None or frame.payload:
            self._message(frame.payload)
        if frame.target is not None:
            self._redirect(frame.target, late=bool(frame.payload))

    def _message(self, body: bytes) -> None:
        """Account for a message and deliver it (EOP-ACC-1 to EOP-ACC-13)."""
        greeting = self.greetings > 0
        if greeting:
            self.greetings -= 1
            if not self.greetings:
                self.deadline_timer.stop()
        elif self.settings.paired:
            if not self.sent:
                raise ProtocolError("Unsolicited", "a message that answers none")  # EOP-ACC-9
            self.queue.popleft()
            self.sent -= 1
            self._answered()
        self.unretired = not self.settings.paired
        self.tell(f"message {_shown(body)} outstanding={len(self.queue)} greeting={int(greeting)}")

    def _answered(self) -> None:
        """A message was answered on this connection."""
        self.answered = True
        self._end_episode()

    def _answered_before(self, hop: int) -> None:
        """A message was answered at that hop, and a REDIRECT came since."""
        if self.episode is None:
            return
        self.episode.answered_before(hop, self.settings.deadline)
        if not self.episode.moves:
            self._end_episode()
        elif self.deadline_timer.running:
            self.deadline_timer.start(self.episode.left(self.loop.time()))

    def _end_episode(self) -> None:
        self.idle_timer.stop()
        self.episode = None

    # Moving.

    def _redirect(self, target: Endpoint, late: bool) -> None:
        """Act on a complete REDIRECT whose payload was delivered (EOP-RED-5, EOP-RED-7)."""
        self.leaving, self.wire = self.wire, None
        self.leaving.watch(False)
        self.leaving.drop()  # EOP-RED-13
        self.idle_timer.stop()
        self.deadline_timer.stop()
        for message in self.queue:
            message.owed, message.offered = True, False
        if self._is_cleared():
            return self._end(Ending("eof"))  # EOP-HCL-3
        settings = self.settings
        reason = policy.refusal(target, self.endpoint, self.home, settings.secure, settings.allow)
        if reason:
            return self._end(Ending("RedirectRefused", target, reason=reason))
        self._move(target, late)

    def _move(self, target: Endpoint, late: bool) -> None:
        """Go to a target that the policy lets pass, if the bounds do too."""
        settings = self.settings
        error = self._bounded(target)
        if error:
            retirable = error in ("RedirectLoop", "TooManyRedirects")
            return self._end(Ending(error, target, late=late if retirable else None))
        self.undecided = self._hold()
        resend = "explicit" if self.undecided else "automatic"
        self.tell(f"redirected {target} owed={len(self.queue)} late={int(late)} hop={self.hop} resend={resend}")
        if not settings.new_first:
            self._let_go()
        self._dial(target, at_target=True)

    def _judge_again(self) -> None:
        """Manual: what was retired behind the REDIRECT was answered before it, and ended the episode then."""
        if self.phase is not Phase.SETTLING or self.ending.late is None:
            return
        self.settle_timer.stop()
        if self._is_cleared():
            return self._end(Ending("eof"))
        self.answered |= self.episode is None
        self._move(self.ending.target, self.ending.late)

    def _is_cleared(self) -> bool:
        """Half-closed with nothing outstanding: there is nothing to connect for."""
        return self.half_closed and not self.queue

    def _end_if_cleared(self) -> None:
        """Between two connections the application can leave nothing to connect for (EOP-HCL-3)."""
        if self.phase is Phase.DIALING and self.hop and self._is_cleared():
            self._end(Ending("eof"))

    def _bounded(self, target: Endpoint) -> Optional[str]:
        """Count the move, or name the bound of section 7 that forbids it."""
        now = self.loop.time()
        settings = self.settings
        if not settings.max_redirects:
            return "NotFollowed"  # EOP-EPI-8
        episode = self.episode
        if episode is None:
            episode = Episode(now, settings.deadline, None if self.answered else self.endpoint)  # EOP-EPI-3
        if episode.has_visited(target):
            return "RedirectLoop"
        if len(episode.moves) >= settings.max_redirects or self._moved_enough(now):
            return "TooManyRedirects"
        if episode.left(now) <= 0:
            return "RedirectDeadline"
        self.episode = episode
        self._count_move(target, False, now)
        return None

    def _count_move(self, endpoint: Endpoint, fallback: bool, now: float) -> None:
        """A hop of its own, for which what is owed is decided anew."""
        self.hop += 1
        self.moved.append(now)
        self.episode.move(endpoint, self.hop, fallback, now)

    def _moved_enough(self, now: float) -> bool:
        """EOP-EPI-7."""
        while self.moved and self.moved[0] <= now - MOVES_WINDOW:
            self.moved.popleft()
        return len(self.moved) >= self.settings.moves

    def _hold(self) -> bool:
        """Mark what the application has to decide about (EOP-RSD-11, EOP-RSD-15); whether there is any."""
        octets, held = 0, False
        for message in self.queue:
            octets += message.payload.size
            held = held or not self.settings.automatic or message.never_resend or octets > self.settings.budget
            message.held = held and message.owed  # behind a fallback others may follow
        return any(message.held for message in self.queue)

    # Sending.

    def _turn(self) -> None:
        """After any event: write what may be written, set the clocks, answer what was asked."""
        if self.phase is Phase.OPEN:
            self._write()
        if self.phase is Phase.OPEN and self.syncs:
            self._answer_syncs()
        if self.phase is Phase.OPEN:
            self._set_clocks()

    def _write(self) -> None:
        """Offer message after message, whole and in order, until the transport takes no more."""
        while self.phase is Phase.OPEN:
            if self.wire.pending:
                if not self._go_on():
                    return
                continue
            message = self._next()
            if message is None:
                return self._finish_writing()
            if not self._drain():  # EOP-CLS-11
                return
            if message is self._next():
                message.complete = None
                self.wire.put(eop.normal(message.payload))

    def _go_on(self) -> bool:
        """Go on with the message that was begun; whether it is completely offered now."""
        message = self.queue[self.sent]
        if self.wire.flush():
            message.offered = True
        if self.wire.broken:
            self._write_failed()
            return False
        if self.wire.pending:
            return False
        message.complete = self.hop
        self.sent += 1
        return True

    def _write_failed(self) -> None:
        """What was received counts before the failure does (EOP-CLS-10)."""
        wire = self.wire
        while self.wire is wire and wire.receive():
            self._digest()
        if self.wire is wire:
            self._lost("Uncertain")

    def _next(self) -> Optional[Message]:
        """The message to begin now, if there is one."""
        if self.greetings or self.sent == len(self.queue) or self.queue[self.sent].held:
            return None
        return self.queue[self.sent]

    def _finish_writing(self) -> None:
        """Half-close when every message is sent (EOP-HCL-2)."""
        if self.half_closed and not self.fin_sent and self.sent == len(self.queue):
            self.fin_sent = True
            self.wire.half_close()

    def _answer_syncs(self) -> None:
        """EOP-DRV-9: read all, write all, then say so."""
        if not self._drain():
            return
        self._write()
        if self.phase is Phase.OPEN and (self.wire.blocked or not self.wire.pending):
            self._tell_syncs()

    def _tell_syncs(self) -> None:
        for token in self.syncs:
            self.tell(f"synced {token}")
        self.syncs = []

    def _set_clocks(self) -> None:
        """Section 7: an idle connected client ends its episode; a message on its way stops the deadline."""
        if self.episode is None:
            return
        self.episode.run(self.loop.time(), not (self.queue and self.queue[0].offered))
        if self.greetings or self.queue:
            self.idle_timer.stop()
        elif not self.idle_timer.running:
            self.idle_timer.start(self.settings.episode)

    # Ending.

    def _deadline(self) -> None:
        """EOP-EPI-5 at a target, EOP-EPI-9 at home."""
        if self.episode is not None or self.at_target:
            self._end(Ending("RedirectDeadline", self.endpoint))
        else:
            self._end(Ending("ConnectFailed" if self.phase is Phase.DIALING else "Timeout"))

    def _lost(self, kind: str, fin: bool = False) -> None:
        """The connection failed, or with `fin` ended between two frames (EOP-HCL-4, EOP-FAI-1, EOP-FAI-6)."""
        self._disconnect()
        if fin and not self.queue:
            return self._end(Ending("eof"))
        if not self.at_target or self.answered:
            return self._end(Ending(kind, clean_if_answered=fin))
        if self._may_fall_back():
            self._count_move(self.home, True, self.loop.time())  # EOP-FAI-7
            self.undecided = self._hold()
            return self._dial(self.home, at_target=False)
        self._end(Ending("RedirectFailed", self.endpoint, cause=kind, clean_if_answered=fin))

    def _may_fall_back(self) -> bool:
        """EOP-FAI-4, EOP-FAI-5, EOP-FAI-8."""
        episode, now = self.episode, self.loop.time()
        return (self.settings.fallback and episode is not None and not episode.fell_back() and episode.left(now) > 0
                and len(episode.moves) < self.settings.max_redirects and not self._moved_enough(now)
                and not self._is_cleared() and not any(message.offered for message in self.queue))

    def _end(self, ending: Ending) -> None:
        """End the session, in manual after the application could retire what it got (EOP-ACC-14)."""
        self._disconnect()
        self.ending = ending
        if self.settings.paired or not (self.queue or self.unretired):
            return self._report()
        self.phase = Phase.SETTLING
        self._tell_syncs()
        self.settle_timer.start(SETTLE)

    def _report(self) -> None:
        """Tell the end, with the counts of EOP-FAI-2."""
        self.settle_timer.stop()
        self.phase = Phase.ENDED
        self._tell_syncs()
        ending = self.ending
        if ending.clean_if_answered and not self.queue:
            ending = Ending("eof")
        elif ending.kind == "RedirectFailed" and self.answered:
            ending = Ending(ending.cause)  # something was retired there since (EOP-FAI-1)
        uncertain = sum(message.offered for message in self.queue)
        owed = sum(message.owed and not message.offered for message in self.queue)
        words = {"target": ending.target, "cause": ending.cause, "reason": ending.reason, "owed": owed or None,
                 "unsent": len(self.queue) - owed - uncertain or None, "uncertain": uncertain or None}
        given = [f" {name}={value}" for name, value in words.items() if value is not None]
        self.tell(f"ended {ending.kind}{''.join(given)}")


def _arrival(sock: socket.socket) -> Optional[End]:
    """What an attempt to connect came to: a connection that stands or was reset already, None for neither."""
    try:
        itself = sock.getpeername() == sock.getsockname()  # can happen at a port nobody listens on
        return None if itself else End.OPEN
    except OSError:
        reset = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET
        return End.RESET if reset else None


def _shown(body: bytes) -> str:
    if len(body) > BODY_SHOWN:
        return f"@{len(body)} crc32={zlib.crc32(body):08x}"
    return body.hex() or "-"
