"""What every answer carries for the browser that may receive it."""

from gateway.asgi import Headers, Message, Send

API_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
PAGE_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    b"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
ALWAYS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
]
PARTS_OF_PAGES = (b"text/css", b"text/javascript", b"font/", b"image/")
BY_TLS: Headers = [(b"strict-transport-security", b"max-age=31536000; includeSubDomains")]


def secured(send: Send, extra: Headers, *, by_tls: bool) -> Send:
    """`send` with our headers on the answer; what the answer sets itself stays. `extra` is read when it begins."""

    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = list(message.get("headers", []))
            said = {name.lower(): value for name, value in given}
            kind = said.get(b"content-type", b"")
            wanted = [*ALWAYS, *(BY_TLS if by_tls else ()), *extra]
            wanted.append((b"content-security-policy", PAGE_POLICY if kind.startswith(b"text/html") else API_POLICY))
            if not kind.startswith(PARTS_OF_PAGES):  # it may be about people: no cache on the way keeps it
                wanted.append((b"cache-control", b"no-store"))
            message = {**message, "headers": given + [one for one in wanted if one[0] not in said]}
        await send(message)

    return with_headers
