"""IPv4 packets as the switch sees them: raw, as the kernel of an endpoint wrote them to its interface.

byte  0    version (4), length of the header in words        12..15   source
      9    protocol: 1 ICMP, 6 TCP, 17 UDP                   16..19   destination
"""

from __future__ import annotations

ICMP, TCP, UDP = 1, 6, 17

DATAGRAM_BYTES = 24
"""How much of a lost datagram is reported: room for what our protocols put first."""

_FLAGS = ["".join(letter for bit, letter in enumerate("FSRPAU") if flags >> bit & 1) for flags in range(64)]
"""FIN, SYN, RST, PSH, ACK, URG, by the six bits."""


def is_unicast_ipv4(packet: bytes) -> bool:
    """Whether this is for one receiver and IPv4. A kernel also sends router solicitations (IPv6) and multicast."""
    return len(packet) >= 20 and packet[0] >> 4 == 4 and packet[16] < 224


def is_udp(packet: bytes) -> bool:
    """Whether an IPv4 packet carries UDP."""
    return packet[9] == UDP


def beginning(packet: bytes) -> bytes:
    """The first bytes of the datagram in a UDP packet."""
    start = 4 * (packet[0] & 15) + 8
    return packet[start : start + DATAGRAM_BYTES]


def body(packet: bytes) -> bytes:
    """What a message journal says of an IPv4 packet, as JSON:

    {"type":"tcp","flags":"PA","bytes":120,"from":2379,"to":40312}

    `bytes` are what it carries for the program. A later fragment has no ports.
    """
    size, header, protocol = len(packet), 4 * (packet[0] & 15), packet[9]
    fragment = (packet[6] & 31 or packet[7]) != 0
    if protocol == TCP and not fragment and size >= header + 20:
        carried = size - header - 4 * (packet[header + 12] >> 4)
        return b'{"type":"tcp","flags":"%b","bytes":%d,"from":%d,"to":%d}' % (
            _FLAGS[packet[header + 13] & 63].encode(),
            carried,
            packet[header] << 8 | packet[header + 1],
            packet[header + 2] << 8 | packet[header + 3],
        )
    if protocol == UDP and not fragment and size >= header + 8:
        return b'{"type":"udp","bytes":%d,"from":%d,"to":%d}' % (
            size - header - 8,
            packet[header] << 8 | packet[header + 1],
            packet[header + 2] << 8 | packet[header + 3],
        )
    if protocol == ICMP and not fragment and size >= header + 8:
        return b'{"type":"icmp","kind":%d,"bytes":%d}' % (packet[header], size - header - 8)
    return b'{"type":"ip","protocol":%d,"bytes":%d}' % (protocol, size - header)
