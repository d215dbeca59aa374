"""What is open to a partner, and how it stands, on the wire."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from gateway.partners.file import Names

Access = Literal["open", "mandate", "agreement", "none"]


class OperationOut(BaseModel):
    """One operation at one service. `access` says how its answer may be had today:

    `open`: the permission is enough. `mandate`: it tells of people, as the caller's own data. `agreement`: of people, where the
    request names one of `agreements` and a purpose of it. `none`: of people, and no agreement in force allows it.
    `requests`: what one call takes from the quota; with `counts_people` each person told of counts for the agreement's volume.
    `description`: from the service itself, null where that does not answer now.
    """

    service: str
    institution: str | None
    method: str
    path: str
    permission: str
    access: Access
    agreements: list[str]
    requests: int
    counts_people: bool
    description: str | None


class AgreementLine(BaseModel):
    """An agreement in force, or suspended, to which the partner is a party. `used_today`: people, of `per_day`,
    with what the gateway has taken ahead (agreements/volumes.py)."""

    id: str
    kind: str
    provider: str
    recipient: str
    state: str
    version: int
    not_after: date
    days_left: int
    ends_soon: bool
    used_today: int
    per_day: int


class QuotaOut(BaseModel):
    """`left`: requests the bucket holds now. `last_minute` and `today` (UTC): requests at the door, refused ones too."""

    requests_per_second: float
    burst: int
    concurrent: int
    left: int
    last_minute: int
    today: int


class KeyLine(BaseModel):
    """A key or secret. `kid`: the key's thumbprint (RFC 7638). `last_used_at`: when a token was last got with it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    state: str
    kid: str | None
    not_before: datetime
    last_used_at: datetime | None
    ends_at: datetime | None
    revoked_at: datetime | None


class FaultLine(BaseModel):
    """`code`: the refusal's own, or the HTTP status where a service gave none. `page`: what it means and what to do."""

    code: str
    requests: int
    last_at: datetime
    page: str | None


class HourLine(BaseModel):
    """Requests to one service within an hour (its beginning, UTC)."""

    hour: datetime
    service: str
    requests: int
    faults: int


class DisclosuresOut(BaseModel):
    """Rows of the disclosure log: `allowed` ones told of `people` (of each as often as of it was told); `refused` told nothing."""

    allowed: int
    people: int
    refused: int
    last_at: datetime | None


class DifferenceOut(BaseModel):
    """One field in which the partners' file of this version differs from what is in force."""

    field: str
    only_in_file: list[str]
    only_in_database: list[str]


class OverviewOut(BaseModel):
    """How a partner stands. What the reader may not read is null.

    Faults and disclosures are of the last seven days, hours of the last 24. At most 200,000 requests and as many disclosures are
    counted, the newest ones: `counted_since` is later than seven days ago where there were more requests. `file`: what the
    partners' file of this version says otherwise; null where no file has the partner.
    """

    id: str
    names: Names
    sandbox: bool
    suspended_at: datetime | None
    at: datetime
    counted_since: datetime
    agreements: list[AgreementLine] | None
    more_agreements: bool
    quota: QuotaOut
    credentials: list[KeyLine] | None
    faults: list[FaultLine]
    hours: list[HourLine]
    disclosures: DisclosuresOut | None
    file: list[DifferenceOut] | None


class TrafficLine(BaseModel):
    """A partner's requests to one service. `p50`, `p95` in milliseconds, of those that went to it; null where none did."""

    model_config = ConfigDict(from_attributes=True)

    partner: str
    service: str
    requests: int
    faults: int
    service_p50_ms: float | None
    service_p95_ms: float | None
    gateway_p95_ms: float | None
    last_at: datetime


class TrafficOut(BaseModel):
    """Who asked which service, most requests first; all that came since `counted_since`."""

    counted_since: datetime
    items: list[TrafficLine]
