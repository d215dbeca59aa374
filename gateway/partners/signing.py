"""Our own key pairs: the one that signs tokens now, and those before it whose tokens have not all ended."""

import json
import os
import time
from pathlib import Path
from typing import Any, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from gateway.partners.file import UNREADABLE, NotConfigured, refuse_exposed
from shared.logs import log

ALGORITHM = "ES256"
MOST_KEYS = 10
UNUSABLE = (OSError, ValueError, TypeError, KeyError, AttributeError, JoseError)
"""What reading a file of keys may raise."""


class OurKey:
    """One key pair, which signs from `begins` on and verifies until `ends` (Unix times)."""

    def __init__(self, jwk: dict[str, Any]) -> None:
        own = {name: value for name, value in jwk.items() if name not in ("nbf", "exp")}
        self.key = ECKey.import_key(own)
        if not self.key.is_private or self.key.curve_name != "P-256":
            raise ValueError("not a private P-256 key")
        self.kid: str = self.key.kid or self.key.thumbprint()
        self.begins, self.ends = float(jwk.get("nbf", 0)), float(jwk.get("exp", "inf"))

    def public(self) -> dict[str, Any]:
        told = cast(dict[str, Any], self.key.as_dict(private=False))
        return told | {"kid": self.kid, "use": "sig", "alg": ALGORITHM}


class SigningKeys:
    """The keys of a file: one private JWK, or a JWK Set of them with `nbf` and `exp` (`tekamoul keys rotate` writes it).

    The file is looked at again as long as the process runs, so that a rotation needs no restart. A file that can no
    longer be read changes nothing: the keys in memory go on, and `unreadable` says so to the health page.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.unreadable = False
        refuse_exposed(file)
        try:
            self._seen = _mark(file)
            self._keys = _read(file)
        except UNUSABLE as fault:
            raise NotConfigured(UNREADABLE.format(file=file, reason=_reason(fault))) from None
        if self._current() is None:
            raise NotConfigured(UNREADABLE.format(file=file, reason="no key in it that signs now"))

    def signing(self) -> OurKey:
        """The key that signs now: the newest that has begun."""
        current = self._current()
        assert current is not None  # a file without one is never taken over, and the newest key has no end
        return current

    def verifying(self, kid: object) -> OurKey | None:
        """The key of that name, while it may verify; looked for in the file, too, where it is not known."""
        found = self._of(kid)
        if found is None and self.look():
            found = self._of(kid)
        return found if found is not None and time.time() < found.ends else None

    def public(self) -> dict[str, Any]:
        """The JSON Web Key Set (RFC 7517) with which anyone can verify our tokens."""
        moment = time.time()
        return {"keys": [one.public() for one in self._keys if moment < one.ends]}

    def look(self) -> bool:
        """Read the file again where it is another than before; whether the keys are other ones now."""
        try:
            seen = _mark(self._file)
            if seen == self._seen:
                self.unreadable = False
                return False
            keys = _read(self._file)
            if not any(one.begins <= time.time() < one.ends for one in keys):
                raise ValueError("no key that signs now")
        except UNUSABLE as fault:
            if not self.unreadable:
                log.error("signing_keys_unreadable", file=str(self._file), reason=_reason(fault))
            self.unreadable = True
            return False
        self._keys, self._seen, self.unreadable = keys, seen, False
        log.info("signing_keys_read", keys=[one.kid for one in keys])
        return True

    def waiting(self) -> dict[str, int]:
        """For the health page: a word that is there only while the file cannot be read."""
        return {"signing_keys_unreadable": 1} if self.unreadable else {}

    def _current(self) -> OurKey | None:
        moment = time.time()
        begun = [one for one in self._keys if one.begins <= moment < one.ends]
        return max(begun, key=lambda one: one.begins, default=None)

    def _of(self, kid: object) -> OurKey | None:
        return next((one for one in self._keys if one.kid == kid), None)


def _mark(file: Path) -> tuple[int, int, int]:
    """What tells one state of a file from another; OSError also where it may not be read."""
    if not os.access(file, os.R_OK):
        file.open("rb").close()
    state = file.stat()
    return state.st_ino, state.st_mtime_ns, state.st_size


def _read(file: Path) -> list[OurKey]:
    held = json.loads(file.read_text(encoding="utf-8"))
    found = [OurKey(one) for one in held.get("keys", [held])]
    if not 1 <= len(found) <= MOST_KEYS or len({one.kid for one in found}) != len(found):
        raise ValueError("not one to ten different keys")
    return found


def _reason(fault: Exception) -> str:
    # Not the fault's own words: they may quote the key.
    return fault.strerror or "?" if isinstance(fault, OSError) else "no private ES256 key in JWK form that signs now"
