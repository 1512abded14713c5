#!/usr/bin/env python3
"""Holds what peers and the suite really say against the grammar of testee.md: `lines.py path/to/eop-conformance`.

The examples are played to the built-in peer, the programs of the quick start to the suite, and the lines of a whole run of
the suite are recorded: a driver's pipes, and the requests that reach the Python server.
"""

import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

from contract import blocks, lines, matches

RECORDING_SERVER = pathlib.Path(__file__).with_name("recording_server.py")
HOME = "127.0.0.1:4000"  # the home of the examples
WAIT = 10  # seconds that a peer, and 300 that a run of the suite, may take at most
faults = []


def check(fine, what):
    if not fine:
        faults.append(what)


def fits(rule, line):
    check(matches(rule, line), f"`{line:.200}` is no {rule}")


class Peer:
    """The built-in peer in one role; it leaves when its input ends."""

    def __init__(self, suite, role):
        environment = os.environ | {"EOP_LISTEN": "127.0.0.1:0", "EOP_OPTIONS": ""}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([suite, "peer", role], stdin=pipe, stdout=pipe, text=True, env=environment)
        self.first = self.hear()

    def hear(self):
        return self.process.stdout.readline().removesuffix("\n")

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            check(self.process.wait(WAIT) == 0, f"{self.process.args} ended with {self.process.returncode}")
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise


# --- The examples, played to the built-in peer ---


def requests(suite):
    """Examples are done; what does not match, or breaks a rule of the steps, is `unknown`."""
    with Peer(suite, "server") as server:
        fits("ready", server.first)
        host, port = server.first.split(" ")[1].split(":")
        ask = lambda request: answer_to((host, int(port)), request)
        ask("signal b")  # else the examples would wait for it
        for request in lines("examples", "request"):
            answer = ask(request)
            check(answer != b"unknown", f"the built-in server does not know `{request}`")
            if not request.startswith("do "):
                fits("answer", answer.decode("ascii"))
        for kind in ("counterexamples", "misuse"):
            for request in lines(kind, "request"):
                check(ask(request) == b"unknown", f"the built-in server knows `{request}`")


def answer_to(server, request):
    """The payload of the frame that comes first; nothing if the connection ends without one."""
    with socket.create_connection(server, WAIT) as connection:
        connection.sendall(b"\0\1" + bytes(6) + len(request).to_bytes(4, "big") + request.encode("ascii"))
        try:
            stream = connection.makefile("rb")
            header = stream.read(12)
            return stream.read(int.from_bytes(header[8:], "big"))
        except ConnectionResetError:
            return b""


def commands(suite):
    """Example sessions begin; what does not match, or is misuse, is rejected under its session."""
    with Peer(suite, "client") as driver, socket.create_server(("127.0.0.1", 0)) as home:
        fits("driver-hello", driver.first)
        connects = [line for line in lines("examples", "command") if " connect " in line]
        for session, line in enumerate(connects, 1):
            words = re.sub("^[0-9]+", str(session), line).replace(HOME, "127.0.0.1:%d" % home.getsockname()[1])
            driver.say(words)
            event = driver.hear()
            fits("event", event)
            check(event.startswith(f"{session} connected "), f"`{line}` comes to `{event}`")
        for kind in ("counterexamples", "misuse"):
            for line in lines(kind, "command"):
                number = re.match("(0|[1-9][0-9]{0,9})( |$)", line)
                session = int(number[1]) + 100 if number and int(number[1]) < 2**32 else 0
                driver.say(line.replace(number[1], str(session), 1) if session else line)
                event = driver.hear()
                fits("event", event)
                check(event.startswith(f"{session} rejected "), f"`{line}` comes to `{event}`")


# --- Runs of the suite ---


def run(suite, *arguments, conforms=True):
    """A run of the suite to its end."""
    command = [suite, *arguments, "--patience", "4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30 * WAIT)
    fine = done.returncode == 0 or (done.returncode == 1 and not conforms)
    check(fine, f"{arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}")


def quick_start(suite, folder):
    for role, case in (("server", "frm.request-is-answered"), ("client", "frm.message-is-sent")):
        (program,) = (block.text for block in blocks("python") if block.name == f"smallest-{role}")
        file = folder / f"smallest-{role}.py"
        file.write_text(program)
        run(suite, role, "--exec", f"'{sys.executable}' '{file}'", "--case", case)


def shapes(recorded):
    """One line for all that differ in their numbers only."""
    return {re.sub("[0-9]+", "9", line): line for line in recorded}.values()


def driver_lines(suite, folder):
    """Each event matches; each command matches too, or is rejected."""
    recorded = f"tee '{folder}'/commands.$$ | '{suite}' peer client | tee '{folder}'/events.$$"
    run(suite, "client", "--exec", recorded, conforms=False)
    commands = 0
    for file in folder.glob("events.*"):
        said = file.read_text("ascii").splitlines()
        fits("driver-hello", said.pop(0))
        for event in shapes(said):
            fits("event", event)
        rejected = {event.split(" ")[0] for event in said if " rejected " in event}
        given = file.with_name(file.name.replace("events", "commands")).read_text("utf-8").split("\n")
        check(given.pop() == "", "the suite's last command has no LF")
        for command in shapes(given):
            session = command.split(" ")[0]
            check(matches("command", command) or session in rejected, f"`{command}` is no command, and not rejected")
        commands += len(given)
    check(commands > 1000, f"only {commands} commands were recorded")


def server_requests(suite, folder):
    """Each request that a server takes matches; one that it refuses does not, or breaks a rule of the steps."""
    file = folder / "requests"
    run(suite, "server", "--exec", f"'{sys.executable}' '{RECORDING_SERVER}' '{file}'", conforms=False)
    notes = [note.split(" ") for note in file.read_text("ascii").splitlines()]
    for request in shapes(octets(note[1]) for note in notes if note[0] == "taken"):
        fits("request", request)
    for request in shapes(octets(note[1]) for note in notes if note[0] == "refused"):
        in_steps = request.startswith(("do ", "listen "))
        check(in_steps or not matches("request", request), f"`{request:.200}` is refused, and matches")
    check(len(notes) > 1000, f"only {len(notes)} requests were recorded")


def octets(hexadecimal):
    return bytes.fromhex(hexadecimal).decode("latin-1")


def main():
    suite = os.path.abspath(sys.argv[1])
    requests(suite)
    commands(suite)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        quick_start(suite, folder)
        driver_lines(suite, folder)
        server_requests(suite, folder)
    for fault in faults:
        print(fault)
    print(f"{len(faults)} line(s) that testee.md does not have")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
