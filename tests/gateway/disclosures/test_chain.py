"""The chain: what is hashed, in which bytes, and that names can go while every hash stays true."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.disclosures.disclosure import Disclosure
from shared.disclosure_chain import ChainedRow, canonical, commitment, hash_of, microseconds
from tests.gateway.disclosures.conftest import Log, disclosure

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
rows = st.builds(
    ChainedRow, agreement=texts, at=st.integers(0, 2**53 - 1), attributes=st.tuples(texts, texts), break_glass=texts,
    case=texts, code=texts, decision=texts, legal_basis=texts, official=texts, partner=texts,
    position=st.integers(1, 2**53 - 1), previous=texts, purpose=texts, request=texts, route=texts, subject=texts,
    subject_kind=texts, subjects=st.integers(0, 10**6), version=st.integers(0, 10**6),
)  # fmt: skip


def by_the_standard(value: object) -> str:
    """RFC 8785 as its text has it (3.2.2.2), for what our rows hold."""
    if isinstance(value, dict):
        members = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{by_the_standard(name)}:{by_the_standard(value[name])}" for name in members) + "}"
    if isinstance(value, tuple | list):
        return "[" + ",".join(map(by_the_standard, value)) + "]"
    if isinstance(value, int):
        return str(value)
    short = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    signs = (short.get(sign) or (f"\\u{ord(sign):04x}" if ord(sign) < 0x20 else sign) for sign in str(value))
    return '"' + "".join(signs) + '"'


@given(rows)
@settings(max_examples=500, deadline=None)
def test_a_row_is_canonical_as_rfc_8785_says(row: ChainedRow) -> None:
    assert canonical(row).decode() == by_the_standard(row._asdict())


async def test_a_row_can_be_verified_with_nothing_but_sha256_and_json(chain: Log) -> None:
    await chain.add(disclosure(), disclosure(subject="", subject_kind="", official="", decision="refused", code="no"))

    one, two = await chain.rows()
    told = {
        "agreement": "CSA-2026-01", "at": round(one["at"].timestamp() * 1_000_000), "attributes": ["commune", "head_name", "size"],
        "break_glass": "", "case": "C-2026/12", "code": "", "decision": "allowed",
        "legal_basis": "Protocole n° 7/2026; loi 2017-020", "official": one["official"].hex(), "partner": "csa", "position": 1,
        "previous": hashlib.sha256(b"tekamoul disclosure log").hexdigest(), "purpose": "shock_response",
        "request": "0af7651916cd43dd8448eb211c80319c", "route": "GET /registry/v1/households/{household_id}",
        "subject": one["subject"].hex(), "subject_kind": "household", "subjects": 1, "version": 2,
    }  # fmt: skip
    first = hashlib.sha256(
        json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).digest()
    told |= {
        "code": "no", "decision": "refused", "official": "", "position": 2, "previous": first.hex(), "subject": "",
        "subject_kind": "", "at": round(two["at"].timestamp() * 1_000_000),
    }  # fmt: skip
    second = hashlib.sha256(
        json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    ).digest()
    assert (one["hash"], two["hash"]) == (first, second)


async def test_the_chain_holds_no_name_only_what_was_made_of_it_under_a_random_key(chain: Log) -> None:
    await chain.add(disclosure(), disclosure(), disclosure(subject="H-2"), disclosure(partner="wfp"))

    rows = await chain.rows()
    parties = {
        (one["kind"], one["reference"]): one
        for one in await chain.rows("SELECT * FROM disclosure_parties ORDER BY reference")
    }
    assert set(parties) == {
        ("household", "H-1"),
        ("household", "H-2"),
        ("official", "csa/A-7"),
        ("official", "wfp/A-7"),
    }
    assert len({one["key"] for one in parties.values()}) == 4
    for (kind, reference), one in parties.items():
        said = json.dumps([kind, reference], separators=(",", ":")).encode()
        assert one["commitment"] == hmac.new(one["key"], said, hashlib.sha256).digest()
    assert [row["subject"] for row in rows] == [
        parties["household", name]["commitment"] for name in ("H-1", "H-1", "H-2", "H-1")
    ]
    assert [row["official"] for row in rows] == [
        parties["official", f"{name}/A-7"]["commitment"] for name in ("csa", "csa", "csa", "wfp")
    ]
    assert b"H-1" not in b"".join(bytes(repr(tuple(row)), "utf-8") for row in rows)


async def test_a_subject_has_another_commitment_each_month(chain: Log) -> None:
    await chain.add(disclosure())
    await chain.connection.execute("UPDATE disclosure_parties SET month = month - interval '1 month'")
    await chain.add(disclosure())

    one, two = await chain.rows()
    assert (one["subject"] != two["subject"], one["official"] != two["official"]) == (True, True)
    assert (await chain.verified()).fault is None


async def test_names_can_go_and_every_hash_stays_true(chain: Log) -> None:
    await chain.add(*(disclosure(subject=f"H-{number}") for number in range(50)))
    await chain.seal()
    await chain.connection.execute("DELETE FROM disclosure_parties WHERE reference = 'H-7' OR kind = 'official'")

    verified = await chain.verified()

    assert (verified.fault, verified.rows, verified.parties, verified.seals) == (None, 50, 49, 1)


async def test_nothing_of_ours_can_change_a_row(chain: Log) -> None:
    await chain.add(disclosure())

    for statement in ("UPDATE disclosures SET partner = 'wfp'", "DELETE FROM disclosures", "TRUNCATE disclosures"):
        with pytest.raises(Exception, match="only ever added"):
            await chain.connection.execute(statement)


def test_a_moment_is_counted_in_whole_microseconds() -> None:
    assert microseconds(datetime(2026, 11, 29, 19, 40, 0, 123457, tzinfo=UTC)) == 1_795_981_200_123_457


def test_another_kind_or_key_makes_another_commitment() -> None:
    same = commitment(b"k" * 32, "household", "1")

    assert len({same, commitment(b"k" * 32, "individual", "1"), commitment(b"q" * 32, "household", "1")}) == 3
    assert commitment(b"k" * 32, "a", 'b","c') != commitment(b"k" * 32, 'a","b', "c")


def test_the_hash_hangs_on_the_row_before() -> None:
    row = ChainedRow("", 0, (), "", "", "", "", "", "", "", 1, "aa", "", "", "", "", "", 1, 0)

    assert hash_of(row) != hash_of(row._replace(previous="ab"))


SIGNS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["%", "%1$s", "%%", '"at":0,', '"subject":""', '\\"subject":""', "é%s\n\t\x01", "\u2028", "ولد"]
)
disclosures = st.builds(
    Disclosure, partner=SIGNS, route=SIGNS, request=st.text("0123456789abcdef", max_size=32),
    decision=st.sampled_from(["allowed", "refused"]), code=SIGNS, official=st.sampled_from(["", "A-7", "A-8"]), case=SIGNS,
    purpose=SIGNS, legal_basis=SIGNS, agreement=SIGNS, version=st.integers(0, 10**6),
    subject_kind=st.sampled_from(["household", "individual"]), subject=st.sampled_from(["", "H-1", "H-2", "%s"]),
    number=st.sampled_from(["", "MR1", "MR2"]), attributes=st.lists(st.sampled_from(["b", "a.x", "c_9"])).map(tuple),
    subjects=st.integers(0, 10**6), break_glass=SIGNS,
)  # fmt: skip


@given(st.lists(disclosures, min_size=1, max_size=6))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_a_row_says_is_written_as_said_and_hashed_as_the_standard_says(
    chain: Log, batch: list[Disclosure]
) -> None:
    """The database chains: what it wrote is hashed here by the test's own reading of RFC 8785. The chain grows by each batch."""
    last = await chain.add(*batch)

    rows = [row for row in await chain.rows() if row["position"] > last - len(batch) - 1]
    names = {row["commitment"]: row["reference"] for row in await chain.rows("SELECT * FROM disclosure_parties")}
    if last == len(batch):
        rows.insert(0, {"position": 0, "hash": hashlib.sha256(b"tekamoul disclosure log").digest()})
    for (said, row), before in zip(zip(batch, rows[1:], strict=True), rows, strict=False):
        written = {
            "agreement": said.agreement, "attributes": sorted(set(said.attributes)), "break_glass": said.break_glass,
            "case": said.case, "code": said.code, "decision": said.decision, "legal_basis": said.legal_basis,
            "partner": said.partner, "position": before["position"] + 1, "purpose": said.purpose, "request": said.request,
            "route": said.route, "subject_kind": said.subject_kind, "subjects": said.subjects, "version": said.version,
        }  # fmt: skip
        assert {name: row[name] for name in written} == written
        assert names.get(row["subject"], "") == said.subject
        assert names.get(row["official"], "") == (f"{said.partner}/{said.official}" if said.official else "")
        told = written | {
            "at": round(row["at"].timestamp() * 1_000_000), "official": row["official"].hex(),
            "previous": before["hash"].hex(), "subject": row["subject"].hex(),
        }  # fmt: skip
        assert row["hash"] == hashlib.sha256(by_the_standard(told).encode()).digest()


def test_a_request_that_is_no_plain_id_is_not_written() -> None:
    """It is put where the row is hashed as it is: signs that JSON writes in another way would make a row that nothing verifies."""
    for request in ('a"b', "a\\b", "é", "a b", "%s\n"):
        with pytest.raises(ValueError, match="cannot be written"):
            disclosure(request=request).refuse_unwritable()
    disclosure(request="0af7651916cd43dd8448eb211c80319c").refuse_unwritable()
