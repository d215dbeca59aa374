"""A service small enough to start at once: run by the platform's tests in the place of the real ones.

    fake_service.py NAME LIBRARIES [migrate]

It keeps the platform's contract: listens on TEKAMOUL_LISTEN_FD, answers /health/ready, shows its environment
at /environment. With `migrate` it writes into each database named by the environment whose it is.
"""

from __future__ import annotations

import asyncio
import http.server
import json
import os
import socket
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"pid": os.getpid(), **os.environ}).encode()
        self.send_response(200 if self.path in ("/health/ready", "/environment") else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve() -> None:
    server = http.server.HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = socket.socket(fileno=int(os.environ["TEKAMOUL_LISTEN_FD"]))
    server.serve_forever()


async def migrate() -> None:
    sys.path += sys.argv[2].split(":")  # the environment it gets says nothing of ours
    import asyncpg

    for variable, url in os.environ.items():
        if variable.startswith("DATABASE_URL_"):
            name = variable.removeprefix("DATABASE_URL_").lower().replace("_", "-")
            connection = await asyncpg.connect(url)
            await connection.execute("CREATE TABLE IF NOT EXISTS migrated (name text PRIMARY KEY)")
            await connection.execute("INSERT INTO migrated VALUES ($1) ON CONFLICT DO NOTHING", name)
            await connection.close()


if __name__ == "__main__":
    if sys.argv[3:] == ["migrate"]:
        asyncio.run(migrate())
    else:
        serve()
