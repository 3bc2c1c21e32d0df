"""A program that hands bytes over: from a port of a task's network to one of several addresses, in turn, and back.

Stands in for Service Connect's proxy, for the collector's awsproxy, and for the daemon's two ports: see left_out.py.

    relay.py tcp:127.0.0.1:2000=198.51.100.1:2000 udp:127.0.0.1:2000=198.51.100.1:2000 tcp:127.255.0.1:8081=10.42.10.12:8081,10.42.11.13:8081
"""

import asyncio
import contextlib
import itertools
import sys

PATIENCE = 1.0  # seconds: an address whose task is gone answers nothing at all


def endpoint(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


async def pump(reader, writer):
    with contextlib.suppress(OSError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()


def connections(targets):
    """Serves one connection: the next target that answers gets it."""
    turn = itertools.cycle(targets)

    async def serve(reader, writer):
        for host, port in itertools.islice(turn, len(targets)):
            try:
                back, forth = await asyncio.wait_for(asyncio.open_connection(host, port), PATIENCE)
            except (OSError, TimeoutError, asyncio.TimeoutError):
                continue
            ways = [asyncio.ensure_future(pump(reader, forth)), asyncio.ensure_future(pump(back, writer))]
            # Either side that hangs up hangs up for both, so that a caller never writes to a task that is gone.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            forth.close()
            break
        writer.close()

    return serve


class Datagrams(asyncio.DatagramProtocol):
    """Passes datagrams on; nothing ever comes back."""

    def __init__(self, onward):
        self.onward = onward

    def datagram_received(self, data, _sender):
        self.onward.sendto(data)


async def main(routes):
    loop = asyncio.get_running_loop()
    kept = []
    for route in routes:
        protocol, rest = route.split(":", 1)
        listen, targets = rest.split("=", 1)
        targets = [endpoint(target) for target in targets.split(",")]
        if protocol == "tcp":
            kept.append(await asyncio.start_server(connections(targets), *endpoint(listen)))
        else:
            onward, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=targets[0])
            kept.append(await loop.create_datagram_endpoint(lambda to=onward: Datagrams(to), local_addr=endpoint(listen)))
    print("relaying", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
