"""`tekamoul verify-audit`: the disclosure log of a running platform, or of any database, verified and told in words."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from cli.verifying import Fault, Verified, Witness, verify
from shared.connecting import CONNECTION_FAULTS
from shared.text import Text

DATABASE: Final = "gateway"
SEALED: Final = "disclosures_sealed"
"""The line that the gateway writes with each seal."""

WORDS: Final[dict[str, Text]] = {
    "whole": Text(
        ar="السجل سليم: {rows} صفا (من {first} إلى {last})، {seals} ختما، {parties} اسما محفوظا، {unsealed} صفا لم يُختم بعد. {speed} صفا في الثانية. آخر بصمة: {hash}",
        fr="Journal intact : {rows} lignes ({first} à {last}), {seals} sceaux, {parties} noms conservés, {unsealed} lignes pas encore scellées. {speed} lignes/s. Dernière empreinte : {hash}",
        en="The log is whole: {rows} rows ({first} to {last}), {seals} seals, {parties} names held, {unsealed} rows not sealed yet. {speed} rows/s. Last hash: {hash}",
    ),
    "broken": Text(
        ar="السجل غير سليم عند الصف {position}: {what}. ما قبله سليم.",
        fr="Journal altéré à la ligne {position} : {what}. Ce qui précède est intact.",
        en="The log is broken at row {position}: {what}. What is before it is whole.",
    ),
    "broken_seal": Text(
        ar="السجل غير سليم عند الصف {position}، الختم {seal}: {what}. ما قبله سليم.",
        fr="Journal altéré à la ligne {position}, sceau {seal} : {what}. Ce qui précède est intact.",
        en="The log is broken at row {position}, seal {seal}: {what}. What is before it is whole.",
    ),
    "keys": Text(
        ar="مفاتيح لا يعرفها إلا قاعدة البيانات نفسها: {kids}. قارنوها بما دُوّن عند تغييرها.",
        fr="Clés que seule la base connaît : {kids}. Comparez-les à ce qui fut noté à leur remplacement.",
        en="Keys that only the database itself vouches for: {kids}. Compare them with what was noted when they were replaced.",
    ),
    "away": Text(
        ar="تعذر الوصول إلى قاعدة البيانات ({reason}).",
        fr="La base de données ne répond pas ({reason}).",
        en="The database does not answer ({reason}).",
    ),
    "unreadable": Text(
        ar="تعذرت قراءة {file}.", fr="{file} ne peut pas être lu.", en="{file} cannot be read."
    ),
}  # fmt: skip
FAULTS: Final[dict[str, Text]] = {
    "row_differs": Text(
        ar="محتوى الصف لا يطابق بصمته", fr="la ligne ne correspond pas à son empreinte", en="the row does not fit its hash"
    ),
    "row_missing": Text(ar="الصف مفقود", fr="la ligne manque", en="the row is missing"),
    "row_beyond_the_end": Text(
        ar="صف خارج نهاية السجل", fr="une ligne au-delà de la fin du journal", en="a row beyond the end of the log"
    ),
    "head_missing": Text(ar="نهاية السجل مفقودة", fr="la fin du journal manque", en="the end of the log is missing"),
    "head_differs": Text(
        ar="نهاية السجل لا تطابق صفه الأخير",
        fr="la fin du journal ne correspond pas à sa dernière ligne",
        en="the end of the log does not fit its last row",
    ),
    "end_cut_off": Text(
        ar="قُطعت نهاية السجل: دُوّن في مكان آخر أن صفوفا كانت بعده",
        fr="la fin est coupée : il est noté ailleurs que d'autres lignes suivaient",
        en="the end is cut off: it is written elsewhere that more rows followed",
    ),
    "seal_forged": Text(
        ar="توقيع الختم ليس من مفتاح معروف",
        fr="la signature du sceau n'est pas d'une clé connue",
        en="the seal's signature is not of a known key",
    ),
    "seal_differs": Text(
        ar="الختم لا يقول ما يقوله صفه", fr="le sceau dit autre chose que sa ligne", en="the seal says other than its row"
    ),
    "seal_missing": Text(
        ar="ختم قبله مفقود", fr="un sceau manque avant lui", en="a seal before it is missing"
    ),
    "sealed_rows_differ": Text(
        ar="كُتبت صفوف مختومة من جديد بعد ختمها",
        fr="des lignes scellées ont été réécrites après leur sceau",
        en="sealed rows were written anew after their seal",
    ),
    "witness_differs": Text(
        ar="بصمة الصف غير التي دُوّنت في مكان آخر",
        fr="l'empreinte de la ligne n'est pas celle notée ailleurs",
        en="the row's hash is not the one written down elsewhere",
    ),
    "name_differs": Text(
        ar="الاسم المحفوظ ليس الذي سُجل", fr="le nom conservé n'est pas celui inscrit", en="the name held is not the one recorded"
    ),
}  # fmt: skip
"""What may be wrong, by the words of Fault."""


class CannotVerify(Exception):
    """The log could not be looked at; `text` is the line for whoever asked."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


async def verify_audit(
    database_url: str,
    keys_file: Path | None,
    own_keys_file: Path | None,
    witness_files: Iterable[Path],
    since: datetime | None,
    until: datetime | None,
) -> tuple[Verified, float, list[str]]:
    """What was found, the seconds it took, and the keys that only the database vouches for. CannotVerify.

    `keys_file`: a JWK or JWK Set, the only keys the reader trusts. Where none is given, the database's own list of keys is
    believed, but for what `own_keys_file`, the gateway's, says otherwise.
    """
    trusted = _keys(keys_file) if keys_file else {}
    own = _keys(own_keys_file) if own_keys_file else {}
    witnesses = [one for file in witness_files for one in _witnesses(file)]
    try:
        connection = await asyncpg.connect(database_url, timeout=10)
    except CONNECTION_FAULTS as fault:
        raise CannotVerify(WORDS["away"].format(reason=type(fault).__name__)) from fault
    try:
        held = await connection.fetch("SELECT kid, jwk FROM disclosure_seal_keys")
        listed = {one["kid"]: ECKey.import_key(json.loads(one["jwk"])) for one in held}
        begun = time.perf_counter()
        found = await verify(connection, trusted or listed | own, since=since, until=until, witnesses=witnesses)
        return found, time.perf_counter() - begun, sorted(set() if trusted else listed.keys() - own.keys())
    except CONNECTION_FAULTS as fault:
        raise CannotVerify(WORDS["away"].format(reason=type(fault).__name__)) from fault
    finally:
        await connection.close(timeout=5)


def told(found: Verified, seconds: float, language: str) -> str:
    """The finding in one line."""
    if found.fault is not None:
        return told_fault(found.fault, language)
    values = {
        "rows": found.rows, "first": found.first, "last": found.last, "seals": found.seals, "parties": found.parties,
        "unsealed": found.unsealed, "speed": round(found.rows / max(seconds, 1e-9)), "hash": found.hash,
    }  # fmt: skip
    return WORDS["whole"].format(**values).in_(language)


def told_fault(fault: Fault, language: str) -> str:
    line = WORDS["broken" if fault.seal is None else "broken_seal"]
    return line.format(position=fault.position, seal=fault.seal, what=FAULTS[fault.what].in_(language)).in_(language)


def as_json(found: Verified) -> dict[str, Any]:
    """For a program: what was looked at, and the first fault. `last` and `hash` make a witness for the next time."""
    fault = found.fault
    return {
        "rows": found.rows, "first": found.first, "last": found.last, "hash": found.hash, "seals": found.seals,
        "unsealed": found.unsealed, "names": found.parties,
        "fault": None if fault is None else {"what": fault.what, "position": fault.position, "seal": fault.seal},
    }  # fmt: skip


def _keys(file: Path) -> dict[str, ECKey]:
    """Public keys by kid; private parts, where the file has them, are left out."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
        keys = [
            ECKey.import_key({k: v for k, v in one.items() if k not in ("d", "nbf", "exp")})
            for one in told.get("keys", [told])
        ]
        return {key.kid or key.thumbprint(): key for key in keys}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, JoseError) as fault:
        raise CannotVerify(WORDS["unreadable"].format(file=file)) from fault


def _witnesses(file: Path) -> Iterator[Witness]:
    """What a file of lines says of the chain: the gateway's own log, or what this command printed as JSON before."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if '"hash"' in line and (one := _witness(line)) is not None:
                    yield one
    except OSError as fault:
        raise CannotVerify(WORDS["unreadable"].format(file=file)) from fault


def _witness(line: str) -> Witness | None:
    try:
        told: Mapping[str, Any] = json.loads(line)
        if told.get("event", SEALED) != SEALED or told.get("fault") is not None or not told["last"]:
            return None
        return Witness(int(told["last"]), str(told["hash"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
