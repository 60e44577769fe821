"""A line that takes 25 ms each way: two TUN devices, and packets that wait between them.

``line.py NEAR FAR MILLISECONDS`` makes the devices, says so, and carries packets until its input
ends. What travels is whole packets, so connecting costs a round trip here as it does outside.
"""

import fcntl
import os
import select
import struct
import sys
import time
from collections import deque

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454CA, 0x0001, 0x1000


def tun(name: str) -> int:
    """Make a device and return what its packets are read from."""
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return device


def carry(ends: dict[int, int], delay: float) -> None:
    """Take packets from either end to the other, ``delay`` seconds late, until input ends."""
    waiting: deque[tuple[float, int, bytes]] = deque()
    while True:
        patience = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready = select.select([*ends, sys.stdin], [], [], patience)[0]
        if sys.stdin in ready:
            return
        for end in ready:
            take(end, ends[end], delay, waiting)
        while waiting and waiting[0][0] <= time.monotonic():
            _, end, packet = waiting.popleft()
            try:
                os.write(end, packet)
            except OSError:  # a full or closed device drops packets, as lines do
                continue


def take(end: int, other: int, delay: float, waiting: deque[tuple[float, int, bytes]]) -> None:
    """Queue all packets that have come."""
    while True:
        try:
            packet = os.read(end, 65535)
        except OSError:
            return
        waiting.append((time.monotonic() + delay, other, packet))


if __name__ == "__main__":
    near, far = tun(sys.argv[1]), tun(sys.argv[2])
    print("ready", flush=True)
    carry({near: far, far: near}, float(sys.argv[3]) / 1000)
