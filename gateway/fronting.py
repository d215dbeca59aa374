"""What the proxy in front says of the caller: its address and its verified client certificate (RFC 8705).

The proxy reaches us through a private socket, a file that only it may open. Whoever comes by another way can say nothing
about itself: there these headers count for nothing.
"""

import base64
import hashlib
import os
import socket
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.asgi import CERTIFICATE, Scope, header, without
from gateway.partners.file import NotConfigured
from shared.text import Text

ADDRESS_HEADER = b"tekamoul-client-address"
CERTIFICATE_HEADER = b"tekamoul-client-certificate"
"""The certificate itself, as nginx writes it ($ssl_client_escaped_cert): it has no variable for its SHA-256."""
FROM_THE_PROXY = frozenset({ADDRESS_HEADER, CERTIFICATE_HEADER})
TAKEN = Text(
    ar="المقبس الخاص {path} تستعمله عملية أخرى. أعطوا كل عملية مقبسها.",
    fr="Le socket privé {path} sert déjà à un autre processus. Donnez à chacun le sien.",
    en="The private socket {path} serves another process already. Give each its own.",
)
UNUSABLE = Text(
    ar="تعذر فتح المقبس الخاص {path} ({reason}).",
    fr="Le socket privé {path} ne peut pas être ouvert ({reason}).",
    en="The private socket {path} cannot be opened ({reason}).",
)
LONGEST_CERTIFICATE = 16 << 10


def as_it_came(scope: Scope) -> Scope:
    """The request without what only the proxy may say; through the private socket it is believed, and noted."""
    # Our own end tells: a socket of the file system has a path and no port. The other end's address is lost where a
    # caller by TCP has gone already, so that it would prove nothing.
    if scope["server"] is None or scope["server"][1] is not None:
        return {**scope, "headers": without(scope["headers"], FROM_THE_PROXY)}
    said = {
        "client": (header(scope, ADDRESS_HEADER) or "unknown", 0),
        CERTIFICATE: thumbprint(header(scope, CERTIFICATE_HEADER) or ""),
    }
    return {**scope, **said, "headers": without(scope["headers"], FROM_THE_PROXY)}


@lru_cache(maxsize=1000)
def thumbprint(escaped: str) -> str | None:
    """x5t#S256 of a certificate in PEM with percent signs; None where there is none."""
    if not escaped or len(escaped) > LONGEST_CERTIFICATE:
        return None
    try:
        certificate = x509.load_pem_x509_certificate(unquote(escaped).encode("ascii"))
    except ValueError:
        return None
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def private_socket(path: Path) -> socket.socket:
    """The socket for the proxy in front, open to our account and its group alone; NotConfigured where it cannot be had."""
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.connect(str(path))
        raise NotConfigured(TAKEN.format(path=path))
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o117)
    try:
        if path.is_socket():
            path.unlink()  # a process that ended left it
        made.bind(str(path))
        made.listen(1024)
    except OSError as fault:
        made.close()
        raise NotConfigured(UNUSABLE.format(path=path, reason=fault.strerror)) from fault
    finally:
        os.umask(mask)
    return made
