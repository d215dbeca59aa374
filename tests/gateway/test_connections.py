"""The connections to the services, against servers that say byte for byte what a test has them say."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from gateway import connections
from gateway.asgi import Body, Message
from gateway.connections import Connections, Cut, NotReached, ServiceAnswer
from shared.errors import BodyTooLarge

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HELLO = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"


@asynccontextmanager
async def served(serve: Serve) -> AsyncIterator[str]:
    tasks = set[asyncio.Task[None] | None]()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await asyncio.wait_for(asyncio.gather(*(one for one in tasks if one is not None)), 5)


@asynccontextmanager
async def asking(seconds: float = 5.0) -> AsyncIterator[Connections]:
    made = Connections(seconds)
    yield made
    made.close()
    await asyncio.sleep(0)


def body(*pieces: bytes, length: int | None = None, fault: Exception | None = None, limit: int = 1 << 20) -> Body:
    """A request's body that comes in these pieces, and then ends or fails."""
    left = list(pieces)

    async def receive() -> Message:
        if fault is not None and not left:
            raise fault
        piece = left.pop(0) if left else b""
        return {"type": "http.request", "body": piece, "more_body": bool(left) or fault is not None}

    told = [(b"content-length", str(length).encode())] if length is not None else []
    if pieces and length is None:
        told = [(b"transfer-encoding", b"chunked")]
    return Body({"headers": told}, receive, limit)


async def get(asked: Connections, url: str, method: str = "GET", target: bytes = b"/v1/x") -> ServiceAnswer:
    return await asked.ask(url, method, target, [(b"accept", b"*/*")], body())


async def read(answer: ServiceAnswer) -> bytes:
    try:
        return b"".join([piece async for piece in answer.pieces()])
    finally:
        answer.close()


def telling(*answers: bytes, heads: list[bytes] | None = None) -> Serve:
    """Answers one request after the other on a connection, and ends it after the last."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for one in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            if heads is not None:
                heads.append(head)
            writer.write(one)
            await writer.drain()

    return serve


@pytest.mark.parametrize(
    ("said", "status", "content"),
    [
        (HELLO, 200, b"hello"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", 200, b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + HELLO, 200, b"hello"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\netag: x\r\n\r\n", 304, b""),
        (b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n", 500, b""),
    ],
)
async def test_an_answer_is_read_whole(said: bytes, status: int, content: bytes) -> None:
    async with served(telling(said)) as url, asking() as asked:
        answer = await get(asked, url)

        assert (answer.status, await read(answer)) == (status, content)
        assert "link" not in {name.decode() for name, _ in answer.headers}


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-le",
        b"HTTP/1.1 200 OK\r\n\r\nit ends when I end",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        b"220 smtp here\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * (connections.LARGEST_HEAD_BYTES + 1) + b"\r\ncontent-length: 0\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_refused_before_it_begins(said: bytes) -> None:
    async with served(telling(said)) as url, asking() as asked:
        with pytest.raises(Cut):
            await get(asked, url)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nnext\r\n",
    ],
)
async def test_an_answer_that_is_cut_does_not_look_whole(said: bytes) -> None:
    async with served(telling(said)) as url, asking() as asked:
        answer = await get(asked, url)

        with pytest.raises(Cut):
            await read(answer)


async def test_a_connection_is_used_again_and_given_up_where_it_is_older_than_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await telling(*[HELLO] * 9)(reader, writer)

    async with served(serve) as url, asking() as asked:
        for _ in range(3):
            assert await read(await get(asked, url)) == b"hello"
        assert opened == 1
        head = await get(asked, url, "HEAD")
        assert (head.status, dict(head.headers)[b"content-length"]) == (200, b"5")
        monkeypatch.setattr(connections, "KEPT_SECONDS", 0.0)
        head.close()
        assert await read(await get(asked, url)) == b"hello"
        assert opened == 2


@pytest.mark.parametrize(
    "first",
    [
        HELLO + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        HELLO + b"evil",
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\nhello",
        b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    ],
)
async def test_what_a_service_adds_to_an_answer_is_nobodys_and_its_connection_is_not_used_again(first: bytes) -> None:
    said = [first, HELLO]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await telling(said.pop(0))(reader, writer)
        await reader.read()

    async with served(serve) as url, asking() as asked:
        assert await read(await get(asked, url)) == b"hello"
        assert await read(await get(asked, url)) == b"hello"
        assert said == []


async def test_what_comes_while_nobody_asks_is_nobodys() -> None:
    told, opened = asyncio.Event(), 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await telling(HELLO)(reader, writer)
        if opened == 1:
            await told.wait()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
        await reader.read()

    async with served(serve) as url, asking() as asked:
        assert await read(await get(asked, url)) == b"hello"
        told.set()
        await asyncio.sleep(0.1)
        assert (await read(await get(asked, url)), opened) == (b"hello", 2)


async def test_a_request_says_its_length_or_comes_in_chunks() -> None:
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        rest = await (reader.readexactly(int(length)) if length else reader.readuntil(b"0\r\n\r\n")) if head else b""
        requests.append(head + rest)
        writer.write(HELLO.replace(b"OK", b"OK\r\nconnection: close"))
        await writer.drain()

    held = body(b'{"a":1}', length=7)
    held.held = b'{"b":22}'
    async with served(serve) as url, asking() as asked:
        host = b"host: " + url.removeprefix("http://").encode()
        for sent in (body(b"abc", b"de", length=5), body(b"abc", b"de"), held, body()):
            answer = await asked.ask(f"{url}/base/", "POST", b"/v1/x?q=1", [(b"x-one", b"caf\xe9")], sent)
            assert await read(answer) == b"hello"

    begins = b"POST /base/v1/x?q=1 HTTP/1.1\r\n" + host + b"\r\nx-one: caf\xe9\r\n"
    assert requests == [
        begins + b"content-length: 5\r\n\r\nabcde",
        begins + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
        begins + b'content-length: 8\r\n\r\n{"b":22}',
        begins + b"content-length: 0\r\n\r\n",
    ]


@pytest.mark.parametrize("wrong", [b"a\r\nx: y", b"a\nx: y", b"a\r", b"a\n"])
async def test_no_line_of_a_request_holds_another(wrong: bytes) -> None:
    async with served(telling(HELLO)) as url, asking() as asked:
        with pytest.raises(ValueError, match="end of line"):
            await asked.ask(url, "GET", b"/v1/x", [(b"accept", wrong)], body())
        with pytest.raises(ValueError, match="end of line"):
            await asked.ask(url, "GET", b"/v1/" + wrong, [], body())


async def test_a_service_that_answers_before_it_has_the_whole_body_is_heard() -> None:
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await telling(HELLO)(reader, writer)
        await reader.read()

    async def endless() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async with served(serve) as url, asking() as asked:
        sent = Body({"headers": [(b"transfer-encoding", b"chunked")]}, endless, 1 << 20)
        assert await read(await asked.ask(url, "POST", b"/v1/x", [], sent)) == b"hello"
        assert await read(await get(asked, url)) == b"hello"
        assert opened == 2  # the first one was in the middle of a request


async def test_a_body_that_fails_ends_the_request_and_its_connection() -> None:
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()
        ended.set()

    async with served(serve) as url, asking() as asked:
        with pytest.raises(BodyTooLarge):
            await asked.ask(url, "POST", b"/v1/x", [], body(b"abc", b"def", limit=5))
        await asyncio.wait_for(ended.wait(), 5)


async def test_a_silent_service_is_not_waited_for_and_a_slow_one_is() -> None:
    silent = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 6\r\n\r\n")
        for sign in b"abcde":
            await asyncio.sleep(0.1)
            writer.write(bytes([sign]))
        if silent.is_set():
            await reader.read()
        writer.write(b"f")

    async with served(serve) as url, asking(0.3) as asked:
        assert await read(await get(asked, url)) == b"abcdef"
        silent.set()
        with pytest.raises(TimeoutError):
            await read(await get(asked, url))


async def test_an_upload_takes_as_long_as_it_takes_and_its_silence_is_not_the_services() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"0\r\n\r\n")
        writer.write(HELLO)
        await writer.drain()

    pieces = [b"a", b"b", b""]

    async def slowly() -> Message:
        await asyncio.sleep(0.4)
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async with served(serve) as url, asking(0.3) as asked:
        sent = Body({"headers": [(b"transfer-encoding", b"chunked")]}, slowly, 1 << 20)
        assert await read(await asked.ask(url, "POST", b"/v1/x", [], sent)) == b"hello"


async def test_a_reader_who_is_slow_holds_the_service_up_and_gets_every_byte() -> None:
    content = bytes(range(256)) * 4096 * 8  # 8 MiB
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(content))
        for start in range(0, len(content), 65_536):
            writer.write(content[start : start + 65_536])
            await writer.drain()
            sent += 65_536

    async with served(serve) as url, asking() as asked:
        answer = await get(asked, url)
        await asyncio.sleep(0.5)
        assert sent < len(content)  # what lies between is in the kernel's buffers, and a quarter of a MiB with us
        assert await read(answer) == content


async def test_more_requests_than_connections_wait_for_one_another_and_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_PER_SERVICE", 2)
    go_on = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(9):
            await reader.readuntil(b"\r\n\r\n")
            await go_on.wait()
            writer.write(HELLO)
            await writer.drain()

    async def one(asked: Connections, url: str) -> bytes:
        return await read(await get(asked, url))

    async with served(serve) as url, asking(1.0) as asked:
        waiting = [asyncio.create_task(one(asked, url)) for _ in range(6)]
        await asyncio.sleep(0.2)
        go_on.set()
        assert await asyncio.gather(*waiting) == [b"hello"] * 6
        go_on.clear()
        held = [asyncio.create_task(one(asked, url)) for _ in range(2)]
        await asyncio.sleep(0.9)
        late = asyncio.create_task(one(asked, url))
        for silent in held:
            with pytest.raises(TimeoutError):
                await silent
        go_on.set()
        assert await late == b"hello"  # its place came free


async def test_where_no_connection_comes_free_in_time_the_service_is_not_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_PER_SERVICE", 1)
    async with served(telling(HELLO)) as url, asking(0.2) as asked:
        kept = await get(asked, url)
        with pytest.raises(NotReached):
            await get(asked, url)
        kept.close()


async def test_a_cancelled_request_gives_its_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_PER_SERVICE", 1)
    silent = True

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if silent:
            await reader.read()
        writer.write(HELLO)

    async with served(serve) as url, asking() as asked:
        asking_on = asyncio.create_task(get(asked, url))
        await asyncio.sleep(0.1)
        asking_on.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking_on
        silent = False
        assert await read(await get(asked, url)) == b"hello"
