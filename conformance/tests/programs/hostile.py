"""A testee that means harm: hostile.py MODE COMMAND. It begins as the honest peer that COMMAND starts, for one connection or
one session, and goes on in its mode: it floods, drips or lies on every further connection, or floods its own output.
"""

import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

FRAME = struct.Struct("!HH4sI")
MODE, COMMAND = sys.argv[1:]


def floods_octets(connection):
    while True:
        connection.sendall(bytes(65536))


def floods_frames(connection):
    while True:
        connection.sendall((FRAME.pack(1, 0, bytes(4), 2) + b"ok") * 4096)


def announces_much(connection):
    connection.sendall(FRAME.pack(1, 0, bytes(4), 0xFFFFFFFF))
    floods_octets(connection)


def drips(connection):
    for octet in FRAME.pack(1, 0, bytes(4), 100_000) + bytes(100_000):
        connection.sendall(bytes([octet]))
        time.sleep(0.3)


def prints_endlessly(_):
    while True:
        print("and more", flush=True)


def floods_events():
    while True:
        yield b"".join(b"%d synced s1\n" % session for session in range(1, 400))


def floods_long_events():
    while True:
        for session in range(1, 400):
            yield b"%d message %s outstanding=0 greeting=0\n" % (session, b"61" * 4096)


def floods_one_line():
    yield b"1 message "
    while True:
        yield b"61" * 30_000


def leaves_a_child():
    """The child keeps the output open, and nothing but a signal that cannot be ignored ends it."""
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
    os._exit(3)


SERVERS = [floods_octets, floods_frames, announces_much, drips, prints_endlessly]
DRIVERS = [floods_events, floods_long_events, floods_one_line, leaves_a_child]


def copy(source, target):
    while octets := source.recv(65536):
        target.sendall(octets)
    target.shutdown(socket.SHUT_WR)


def attempt(act, *arguments):
    try:
        act(*arguments)
    except OSError:
        pass


def serve(act):
    honest = subprocess.Popen(["/bin/sh", "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    port = int(honest.stdout.readline().rpartition(":")[2])
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(f"ready 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", port))
    for ends in [(client, server), (server, client)]:
        threading.Thread(target=attempt, args=(copy, *ends), daemon=True).start()
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=attempt, args=(act, connection), daemon=True).start()


def drive(act):
    honest = subprocess.Popen(["/bin/sh", "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def obey():
        for line in sys.stdin.buffer:
            honest.stdin.write(line)
            honest.stdin.flush()

    threading.Thread(target=obey, daemon=True).start()
    for line in honest.stdout:
        sys.stdout.buffer.write(line)
        sys.stdout.buffer.flush()
        if b" ended " in line:
            break
    for octets in act() or ():
        sys.stdout.buffer.write(octets)
        sys.stdout.buffer.flush()


for modes, be in [(SERVERS, serve), (DRIVERS, drive)]:
    for mode in modes:
        if mode.__name__ == MODE:
            be(mode)
