"""Resumable uploads over HTTP: tus 1.0, with creation, creation-with-upload, expiration, checksum and termination.

The protocol: https://tus.io/protocols/resumable-upload
"""

import base64
import binascii
import hashlib
import tempfile
from collections.abc import Callable, Coroutine
from email.utils import format_datetime
from typing import Annotated, Any, BinaryIO, Literal, cast
from uuid import UUID

import orjson
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import ClientDisconnect

from shared.database import Tx
from shared.errors import Refusal
from shared.idempotency import OnceOnly
from shared.identity import Caller
from shared.importing.asking import AskedLanguage, Importing, OurImporter, OurPlatform, take_in
from shared.importing.columns import read_mapping
from shared.importing.errors import ChecksumMismatch, ChecksumNotKnown, NotAPieceOfAFile, TusVersionNotSpoken
from shared.importing.importer import Importer
from shared.importing.models import Import, ImportStatus
from shared.importing.receiving import Sent
from shared.importing.schemas import ImportOut, shown
from shared.importing.uploads import LARGEST_PIECE_BYTES, abandon, append, begin_upload, refuse_offset, upload_of
from shared.unreadable import MAX_FILE_BYTES

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
CHECKSUMS = ("sha256", "sha1")
ABILITIES = {
    "Tus-Resumable": VERSION,
    "Tus-Version": VERSION,
    "Tus-Extension": "creation,creation-with-upload,expiration,checksum,termination",
    "Tus-Max-Size": str(MAX_FILE_BYTES),
    "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
}
MOST_METADATA = 48_000
"""Characters of Upload-Metadata: a mapping of two hundred columns in base64."""

Offset = Annotated[int, Header(ge=0)]
Checksum = Annotated[
    str | None, Header(max_length=200, description="`sha256` or `sha1`, a space, the value in base64.")
]


class Described(BaseModel):
    """What an upload says of its file, in the query or in Upload-Metadata."""

    kind: str = Field(max_length=64)
    filename: str = Field(min_length=5, max_length=255)
    currency: Literal["MRU", "MRO"] = "MRU"
    dry_run: bool = False
    mapping: str | None = None
    supersedes: UUID | None = None


class TusRoute(APIRoute):
    """Speaks one version of tus: refuses others, and says so in every answer."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_tus(request: Request) -> Response:
            try:
                if request.method != "OPTIONS" and request.headers.get("tus-resumable") != VERSION:
                    raise TusVersionNotSpoken(version=VERSION)
                answer = await handle(request)
            except Refusal as refusal:
                refusal.headers |= {"Tus-Resumable": VERSION, "Tus-Version": VERSION}
                raise
            answer.headers["Tus-Resumable"] = VERSION
            return answer

        return handle_tus


router = APIRouter(prefix="/v1/uploads", tags=["imports"], route_class=TusRoute)


@router.options("", status_code=204)
async def uploads_offered(by: Importing) -> Response:
    """Which parts of the tus protocol are spoken here, and how large a file may be."""
    return Response(status_code=204, headers=ABILITIES)


@router.post("", status_code=201, response_model=ImportOut)
async def begin(
    request: Request,
    once: OnceOnly,
    tx: Tx,
    by: Importing,
    importer: OurImporter,
    language: AskedLanguage,
    platform: OurPlatform,
    upload_length: Annotated[int, Header(ge=0, description="Bytes of the whole file.")],
    upload_metadata: Annotated[str | None, Header(max_length=MOST_METADATA)] = None,
    upload_checksum: Checksum = None,
    kind: Annotated[str | None, Query(description="A program's code, or `households`.")] = None,
    filename: Annotated[str | None, Query(description="Ends in .xlsx or .csv.")] = None,
    currency: Annotated[str | None, Query(description="MRU, or MRO.")] = None,
    dry_run: Annotated[str | None, Query(description="true: only check the file.")] = None,
    mapping: Annotated[str | None, Query(description="JSON: header text and field.")] = None,
    supersedes: Annotated[str | None, Query(description="The import that this file corrects.")] = None,
) -> Response:
    """Begin a resumable upload (tus 1.0), with the first piece where the request has a body.

    What is said of the file is that of `POST /v1/imports`, in the query or in Upload-Metadata. At most 1 GiB for
    a .csv and 64 MiB for an .xlsx. `PATCH` the pieces, at most 8 MiB each, to the address in Location; after a cut
    connection ask `HEAD` for the offset and go on there. An upload left alone for 24 hours is removed.
    """
    query = {"kind": kind, "filename": filename, "currency": currency, "dry_run": dry_run}
    query |= {"mapping": mapping, "supersedes": supersedes}
    sent = _sent(by, importer, _metadata(upload_metadata) | {k: v for k, v in query.items() if v is not None})
    with tempfile.TemporaryFile() as piece:
        length = await _take_piece(request, piece, upload_checksum)

        async def make() -> ImportOut:
            upload = await begin_upload(tx, sent, upload_length)
            if length:
                upload = await append(tx, by.name, upload.id, 0, piece, length)
            await tx.refresh(upload)
            return shown(upload, language)

        piece.seek(0)
        digest = hashlib.file_digest(cast(Any, piece), "sha256").digest()
        piece.seek(0)
        answer = await once.answer(make, status=201, body=digest)
    state = ImportOut.model_validate(orjson.loads(answer.body))
    answer.headers.update({"Location": f"uploads/{state.id}", "Upload-Offset": str(state.received)})
    if state.expires_at is not None:
        answer.headers["Upload-Expires"] = format_datetime(state.expires_at, usegmt=True)
    platform.wake_after(tx)
    return answer


@router.head("/{upload_id}")
async def get_offset(upload_id: UUID, tx: Tx, by: Importing) -> Response:
    """How many bytes have arrived. `Upload-Import` names the import, once the file is whole."""
    upload = await upload_of(tx, by.name, upload_id)
    headers = {"Upload-Length": str(upload.size), "Cache-Control": "no-store"}
    return Response(status_code=200, headers=_state(upload) | headers)


@router.patch("/{upload_id}", status_code=204)
async def send_piece(
    request: Request,
    upload_id: UUID,
    tx: Tx,
    by: Importing,
    platform: OurPlatform,
    upload_offset: Offset,
    upload_checksum: Checksum = None,
) -> Response:
    """Send the next piece, at most 8 MiB. 204 once it is stored: no death loses it then.

    Of a piece whose connection was cut, what came is kept, unless it has a checksum. After the last piece the
    upload is an import; `Upload-Import` gives its id, or that of the import which had the same file before.
    """
    if request.headers.get("content-type") != PIECE:
        raise NotAPieceOfAFile
    async with platform.database.transaction() as look:
        refuse_offset(await upload_of(look, by.name, upload_id), upload_offset)
    with tempfile.TemporaryFile() as piece:
        length = await _take_piece(request, piece, upload_checksum)
        piece.seek(0)
        upload = await append(tx, by.name, upload_id, upload_offset, piece, length)
    platform.wake_after(tx)
    return Response(status_code=204, headers=_state(upload))


@router.delete("/{upload_id}", status_code=204)
async def abandon_upload(upload_id: UUID, tx: Tx, by: Importing) -> Response:
    """Remove an upload that is not whole, with every byte of it."""
    await abandon(tx, by.name, upload_id)
    return Response(status_code=204)


def _state(upload: Import) -> dict[str, str]:
    headers = {"Upload-Offset": str(upload.received)}
    if upload.expires_at is not None:
        headers["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    if upload.status != ImportStatus.UPLOADING:
        headers["Upload-Import"] = str(upload.same_as or upload.id)
    return headers


def _metadata(text: str | None) -> dict[str, str]:
    """The pairs of Upload-Metadata: names and values in base64, with commas between."""
    found = {}
    for pair in (text or "").split(","):
        name, _, value = pair.strip().partition(" ")
        if name in Described.model_fields:  # clients add others of their own, such as filetype
            try:
                found[name] = base64.b64decode(value, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError) as fault:
                raise RequestValidationError(
                    [{"loc": ("header", "Upload-Metadata", name), "msg": "not base64 of UTF-8", "type": "base64"}]
                ) from fault
    return found


def _sent(by: Caller, importer: Importer, described: dict[str, str]) -> Sent:
    try:
        said = Described.model_validate(described)
    except ValidationError as fault:
        raise RequestValidationError([{**one, "loc": ("query", *one["loc"])} for one in fault.errors()]) from fault
    importer.refuse(by, said.kind)
    mapping = read_mapping(said.mapping, importer.layout(said.kind), "/query/mapping")
    return Sent(
        by.name,
        said.kind,
        said.filename,
        said.currency,
        dry_run=said.dry_run,
        mapping=mapping,
        supersedes=said.supersedes,
    )


async def _take_piece(request: Request, piece: BinaryIO, checksum: str | None) -> int:
    """The piece on disk, and its length. A cut connection keeps what came, where no checksum speaks against it."""
    wanted = _wanted(checksum)
    try:
        length = await take_in(request, piece, LARGEST_PIECE_BYTES)
    except ClientDisconnect:
        if wanted is not None:
            raise
        length = piece.tell()
    if wanted is not None:
        algorithm, value = wanted
        piece.seek(0)
        if hashlib.file_digest(cast(Any, piece), algorithm).digest() != value:
            raise ChecksumMismatch
    return length


def _wanted(checksum: str | None) -> tuple[str, bytes] | None:
    if checksum is None:
        return None
    algorithm, _, value = checksum.partition(" ")
    if algorithm not in CHECKSUMS:
        raise ChecksumNotKnown(pointer="/header/Upload-Checksum")
    try:
        return algorithm, base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ChecksumNotKnown(pointer="/header/Upload-Checksum") from None
