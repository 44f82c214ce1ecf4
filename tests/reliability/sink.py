"""The receiving end as a process of its own: `python -m tests.reliability.sink PORT SMTP_PORT [--latency 0.05] …`.

Speaks what `tests.providers.servers` speaks, and goes wrong by chance, the same way for the same seed. `GET /counts`
says how often each send id was taken, and whose answers were cut.
"""

from __future__ import annotations

import argparse
import asyncio
import random

from aiohttp import web

from tests.providers.servers import House


async def serve(house: House, port: int, smtp_port: int) -> None:
    runner = web.AppRunner(house.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    server = await asyncio.start_server(house.smtp, "127.0.0.1", smtp_port)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("smtp_port", type=int)
    for name in ("latency", "cut-before", "cut-after", "errors"):
        parser.add_argument(f"--{name}", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    house = House(
        given.latency, given.cut_before, given.cut_after, given.errors, keeps_mails=False, retry_after=1,
        random=random.Random(given.seed),
    )  # fmt: skip
    asyncio.run(serve(house, given.port, given.smtp_port))


if __name__ == "__main__":
    main()
