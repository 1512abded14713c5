"""A client program that does as it is told: it follows every redirect, wherever and however often, and asks again each time.

It knows the frames and nothing else of EOP. Usage: follows_anything.py HOST PORT
"""

import socket
import struct
import sys

HEADER = struct.Struct("!HH4sI")
REQUEST = HEADER.pack(1, 0, bytes(4), 5) + b"where"


def read(connection: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count:
        more = connection.recv(count - len(octets))
        if not more:
            sys.exit(1)
        octets += more
    return octets


def ask(host: str, port: int) -> None:
    opcode = 2
    while opcode == 2:
        with socket.create_connection((host, port)) as connection:
            connection.sendall(REQUEST)
            opcode, port, address, length = HEADER.unpack(read(connection, HEADER.size))
            read(connection, length)
        host = socket.inet_ntoa(address)


try:
    ask(sys.argv[1], int(sys.argv[2]))
except OSError:
    sys.exit(1)
