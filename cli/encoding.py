"""The work behind `tekamoul match encode`: a list made into filters that name nobody, where the list is kept."""

import os
import secrets
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
import polars as pl
from rich.console import Console

from cli.main import language
from cli.match_files import WORDS as SHARED
from cli.match_files import Refused, mapping_of, read_side, refuse_unwritable
from cli.printing import refused
from services.matching.engine.encoding import NotEncoded, WeakSecret, as_text, encode, read_secret, said_of
from services.matching.engine.files import partial_of
from services.matching.engine.mapping import Side
from shared.text import Text

WORDS: Final[dict[str, Text]] = {
    "done": Text(
        ar="رُمّز {rows} سجلا في {out}؛ وتُرك {left_out} لا يُعرف عنه ما يكفي. احتفظ بـ {ids} عندك: فيه أرقام السجلات.",
        fr="{rows} enregistrements encodés dans {out} ; {left_out} laissés, trop peu connus. Gardez {ids} chez vous : il dit qui est qui.",
        en="{rows} records encoded in {out}; {left_out} left out, too little known. Keep {ids} to yourself: it says who is who.",
    ),
    "secret_made": Text(
        ar="{file}: سر جديد. سلّمه باليد للطرف الآخر وحده، لا لمن يربط القوائم أبدا.",
        fr="{file} : nouveau secret. Remettez-le en main propre à l'autre partie seule, jamais à qui relie les listes.",
        en="{file}: a new secret. Hand it to the other party alone, never to whoever links the lists.",
    ),
    "secret_exists": Text(
        ar="{file} موجود: السر لا يُستبدل، فما رُمّز به لا يُربط بغيره.",
        fr="{file} existe : un secret n'est pas remplacé, ce qu'il a encodé ne se relie qu'avec lui.",
        en="{file} exists: a secret is not replaced, for what it encoded is linked by it alone.",
    ),
    "secret_open": Text(
        ar="{file} يقرؤه غيرك أو يكتبه: chmod 600 {file}",
        fr="D'autres peuvent lire ou écrire {file} : chmod 600 {file}",
        en="Others may read or write {file}: chmod 600 {file}",
    ),
    "secret_weak": Text(
        ar="{file} ليس سرا من 32 بايتا عشوائيا على الأقل. اصنع واحدا: tekamoul match encode --new-secret FILE",
        fr="{file} n'est pas un secret d'au moins 32 octets aléatoires. Pour en faire un : tekamoul match encode --new-secret FILE",
        en="{file} is no secret of at least 32 random bytes. To make one: tekamoul match encode --new-secret FILE",
    ),
    "not_parquet": Text(
        ar="الملف المرمّز يكون ‎.parquet وليس {out}.",
        fr="Un fichier encodé est un .parquet, pas {out}.",
        en="An encoded file is a .parquet, not {out}.",
    ),
    "not_encoded_field": Text(
        ar="الحقل {field} لا يُرمّز.", fr="Le champ {field} ne s'encode pas.", en="The field {field} cannot be encoded."
    ),
}  # fmt: skip
SECRET_BYTES: Final = 32
OPEN: Final = stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH | stat.S_IWGRP


@dataclass(frozen=True, slots=True)
class Asked:
    file: Path
    mapping: Path
    side: str
    secret: Path
    out: Path
    ids: Path


def make_secret(path: Path) -> int:
    """Write a new secret to a file that only its owner reads; the exit status."""
    console = Console(stderr=True)
    try:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return refused(console, WORDS["secret_exists"].format(file=path).in_(language()))
    except OSError as no:
        return refused(console, SHARED["cannot_write_beside"].format(file=path, reason=no.strerror).in_(language()))
    with os.fdopen(opened, "w") as file:
        file.write(secrets.token_hex(SECRET_BYTES) + "\n")
    console.print(WORDS["secret_made"].format(file=path).in_(language()), highlight=False, markup=False)
    return 0


def run(asked: Asked) -> int:
    """Do it and say what came of it; the exit status: 1 where it was refused."""
    console = Console(stderr=True)
    try:
        _encode(asked, console)
    except Refused as no:
        return refused(console, no.text.in_(language()))
    except KeyboardInterrupt:
        return 130
    return 0


def _encode(asked: Asked, console: Console) -> None:
    if asked.out.suffix.lower() != ".parquet":
        raise Refused(WORDS["not_parquet"].format(out=asked.out.name))
    secret, mapping = _secret_of(asked.secret), mapping_of(asked.mapping, of_two=False)
    for path in (asked.out, asked.ids):
        refuse_unwritable(path)
    ids, columns = read_side(asked.file, mapping, cast(Side, asked.side))
    try:
        encoded = encode(mapping.fields, columns, secret)
    except NotEncoded as no:
        raise Refused(WORDS["not_encoded_field"].format(field=no)) from no
    # Numbered at random: the order of a list, often that of names, would tell of it.
    order = np.random.default_rng().permutation(len(ids))
    numbers = pl.Series("number", range(1, len(ids) + 1), dtype=pl.Int64)
    frame = pl.DataFrame([numbers, as_text(encoded.filters[order])])
    kept = pl.DataFrame([numbers, ids.gather(order).cast(pl.String).alias("record_id")])
    try:
        frame.write_parquet(partial_of(asked.out), metadata=said_of(secret), statistics=False)
        with os.fdopen(os.open(partial_of(asked.ids), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            kept.write_csv(file)
        partial_of(asked.ids).replace(asked.ids)
        partial_of(asked.out).replace(asked.out)
    except OSError as no:
        raise Refused(SHARED["cannot_write_beside"].format(file=asked.out, reason=no.strerror)) from no
    finally:
        for path in (asked.out, asked.ids):
            with suppress(OSError):
                partial_of(path).unlink()
    told = {"rows": f"{len(ids) - encoded.left_out:,}", "left_out": f"{encoded.left_out:,}"}
    console.print(
        WORDS["done"].format(out=asked.out, ids=asked.ids, **told).in_(language()), highlight=False, markup=False
    )


def _secret_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & OPEN:
                raise Refused(WORDS["secret_open"].format(file=path))
            return read_secret(file.read())
    except WeakSecret as no:
        raise Refused(WORDS["secret_weak"].format(file=path)) from no
    except OSError as no:
        raise Refused(SHARED["cannot_write_beside"].format(file=path, reason=no.strerror)) from no
