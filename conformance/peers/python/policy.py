"""Where a client lets itself be moved to (eop.md, section 8). Pure: endpoints in, a reason or None out."""
from __future__ import annotations

import enum
from ipaddress import IPv4Address, IPv4Network
from typing import List, NamedTuple, Optional

from eop import Endpoint

WELL_KNOWN = 1024  # ports below it are refused (EOP-POL-3)


def _networks(text: str) -> List[IPv4Network]:
    return [IPv4Network(part) for part in text.split()]


LOOPBACK = _networks("127.0.0.0/8")
LINK_LOCAL = _networks("169.254.0.0/16")
PRIVATE = _networks("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10")
SPECIAL = _networks("192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 198.18.0.0/15 192.0.0.0/24")


class Scope(enum.IntEnum):
    """How far an address reaches, narrow to wide."""

    LOOPBACK = 0
    LINK_LOCAL = 1
    PRIVATE = 2
    GLOBAL = 3


class Allow(NamedTuple):
    """One entry of the allow-list: a prefix and the ports `low` to `high`."""

    network: IPv4Network
    low: int
    high: int

    def matches(self, target: Endpoint) -> bool:
        return self.low <= target.port <= self.high and IPv4Address(target.host) in self.network


def scope(endpoint: Endpoint) -> Scope:
    """The scope of an endpoint's address."""
    for networks, reach in ((LOOPBACK, Scope.LOOPBACK), (LINK_LOCAL, Scope.LINK_LOCAL), (PRIVATE, Scope.PRIVATE)):
        if _within(endpoint, networks):
            return reach
    return Scope.GLOBAL


def refusal(target: Endpoint, current: Endpoint, home: Endpoint, secure: bool, allow: List[Allow]) -> Optional[str]:
    """Why a move from `current` to `target` is refused, None if it is not; the first reason in order counts."""
    reach = scope(target)
    if target.forbidden():
        return "forbidden"  # EOP-POL-1
    if any(entry.matches(target) for entry in allow):
        return None
    if reach < scope(current) and reach < scope(home):
        return "scope"  # EOP-POL-2
    if target.port < WELL_KNOWN and target.port != home.port:
        return "port"  # EOP-POL-3
    if _within(target, SPECIAL):
        return "special"  # EOP-POL-4
    if secure and not (reach == scope(current) and reach in (Scope.LOOPBACK, Scope.PRIVATE)):
        return "insecure"  # EOP-POL-6
    return None


def _within(endpoint: Endpoint, networks: List[IPv4Network]) -> bool:
    address = IPv4Address(endpoint.host)
    return any(address in network for network in networks)
