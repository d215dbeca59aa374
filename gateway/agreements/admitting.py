"""At the door: under which agreement a request stands, and whether what answers it keeps to that."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import NoReturn

from gateway.acting import CASE, OFFICIAL, acting
from gateway.agreements.book import Book
from gateway.agreements.errors import AnswerHeldBack, AttributesNotAgreed, NotShared
from gateway.agreements.rules.deciding import (
    Allowed,
    Disclosing,
    Held,
    Named,
    Obligations,
    decide,
    named_agreement,
    purpose_of,
    under_mandate,
)
from gateway.agreements.rules.leaving import first_fault, records_of, without_rows
from gateway.agreements.rules.shared_answers import FEED, SHARED, UNPROJECTED, Unprojected
from gateway.agreements.volumes import Volumes
from gateway.asgi import Scope, header
from gateway.files.rules import first_fault as first_fault_of_file
from gateway.files.rules import first_not_agreed
from gateway.partners.file import Partner, Partners
from gateway.paths import Target
from gateway.releasing import Answer
from gateway.routing import Route
from shared.agreements import FULL
from shared.clock import now
from shared.errors import Refusal, Unavailable
from shared.identity import Caller
from shared.logs import log

AGREEMENT, PURPOSE = b"tekamoul-agreement", b"tekamoul-purpose"
"""The headers by which a caller names them."""
REGISTRY, PROGRAMS, MATCHING = "registry", "programs", "matching"
WHOLE = frozenset(
    {"households:read", "households:score", "households:export", "individuals:search", "individuals:check"}
)
"""What these let read of the registry is its keeper's own, and another institution's to whoever else may: what is not SHARED of
it goes to nobody else. The rest of the registry's routes show a partner its own files, proposals and conflicts."""


EXPORTS_THE_REGISTRY = "households:export"
"""What lets a partner have the registry's ids in a file."""
BULK = "tekamoul.bulk"
"""Where the gateway's own read of one record among many that were asked for at once says so."""
BULK_READ = "bulk"


@dataclass(frozen=True, slots=True)
class Subscription:
    """Of which programs a subscriber is told now, what allows it, and how many enrollments one page may bring."""

    allowed: Allowed
    programs: tuple[str, ...]
    most: int


def named_by(scope: Scope) -> Named:
    """HeaderUnreadable."""
    return Named(
        agreement=header(scope, AGREEMENT),
        purpose=header(scope, PURPOSE),
        official=acting(scope, OFFICIAL),
        case=acting(scope, CASE),
        bulk=scope.get(BULK, False),
    )


@dataclass(frozen=True, slots=True)
class Ways:
    """How a partner may have an answer about people: as its own under its `mandate`, or under any of these `agreements`."""

    mandate: bool
    agreements: tuple[str, ...]


class Admission:
    """Decides by the book what a request may have."""

    def __init__(
        self, book: Book, volumes: Volumes, partners: Partners, processes: frozenset[str], keeper: str
    ) -> None:
        self._book, self._volumes = book, volumes
        self._partners, self._processes, self._keeper = partners, processes, keeper
        self._held_back = 0

    def under(self, partner: Partner, caller: Caller, named: Named) -> Caller:
        """The caller of what tells of nobody, as the service is shown it. Raises what deciding.named_agreement does."""
        return _under(caller, named_agreement(self._book.of(partner.id), named, now()), named.purpose)

    def admit(
        self, route: Route, target: Target, partner: Partner, caller: Caller, named: Named
    ) -> tuple[Caller, Allowed]:
        """The caller of what discloses people, as the service is shown it, and what allows it.

        Raises what deciding.decide does; Unavailable where nobody knows what holds.
        """
        own, moment = self._book.of(partner.id), now()
        shared, whole = SHARED.get(_key(route)), UNPROJECTED.get(_key(route))
        if not (shared or whole or (route.service == REGISTRY and route.permission in WHOLE)):
            held = named_agreement(own, named, moment)
            if held is None:  # the caller's own dealings: the service shows it nothing else
                return caller, under_mandate(own, moment)
            purpose = purpose_of(held, named)
            return _under(caller, held, purpose), Allowed(held, purpose, None)
        operation = shared.operation if shared else whole.operation if whole else BULK_READ
        attributes = shared.shape.attributes if shared else whole.attributes if whole else frozenset()
        knows = whole is None or whole.knows_population
        asked = Disclosing(
            own=self._is_own(route, target, partner),
            providers=self._providers(route, target),
            operation=BULK_READ if named.bulk else operation,
            attributes=attributes,
            knows_categories=knows and route.service != PROGRAMS,
            knows_places=knows,
            knows_enrolled=shared is not None and route.service == REGISTRY,
        )
        allowed = decide(own, named, asked, moment)
        if whole is not None:
            _refuse_less(allowed, whole.needed)
        return _under(caller, allowed.under, allowed.purpose), allowed

    def ways(self, route: Route, target: Target, partner: Partner) -> Ways:
        """How a partner may have what discloses people today; Unavailable where nobody knows what holds."""
        caller = partner.caller(frozenset(partner.permissions))
        return self._ways(partner, lambda named: self.admit(route, target, partner, caller, named)[1])

    def ways_of_feed(self, partner: Partner) -> Ways:
        """How a partner may have the feed today."""
        return self._ways(partner, lambda named: self.subscribed(partner, named, 1).allowed)

    def _ways(self, partner: Partner, decided: Callable[[Named], Allowed]) -> Ways:
        agreements = [
            held.id
            for held in self._book.of(partner.id).values()
            if (allowed := _decided(decided, Named(agreement=held.id, purpose=held.terms.purposes[0]))) is not None
            # Without any, the agreement adds nothing to what is the caller's own.
            and allowed.obligations is not None
        ]
        return Ways(_decided(decided, Named()) is not None, tuple(sorted(agreements)))

    def purposes(self, partner: str, agreements: Collection[str]) -> list[str]:
        """For what a partner may ask under any of these agreements."""
        own = self._book.of(partner)
        return sorted({purpose for id_ in agreements for purpose in own[id_].terms.purposes})

    def subscribed(self, partner: Partner, named: Named, most: int) -> Subscription:
        """What the feed tells a partner now: of its own programs, or of another institution's under the agreement it names.

        Raises what deciding.decide does; Unavailable where nobody knows what holds.
        """
        own = tuple(one for one in partner.subscribes if one in partner.programs)
        others = frozenset(one for one in self._partners if one != partner.id)
        # The feed knows neither where an enrollment is nor how poor a household.
        asked = Disclosing(bool(own), others, "subscribe", FEED, knows_categories=False, knows_places=False)
        allowed = decide(self._book.of(partner.id), named, asked, now())
        if (bounds := allowed.obligations) is None:
            return Subscription(allowed, own, most)
        _refuse_less(allowed, FEED)
        under = allowed.under
        given = bounds.programs & frozenset(self._partners[under.terms.provider].programs)
        if not given:
            raise NotShared(agreement=under.id)
        return Subscription(allowed, tuple(sorted(given)), min(most, bounds.per_query))

    async def spend(self, allowed: Allowed, count: int) -> None:
        """Count what an answer tells of before it leaves. QueryVolumeExceeded, DayVolumeExceeded."""
        await self._volumes.spend(allowed, count, now().date())

    async def check(self, answer: Answer) -> None:
        """A step of releasing: AnswerHeldBack where anything in it may not leave; QueryVolumeExceeded, DayVolumeExceeded."""
        if answer.emergency is not None:
            return
        route, allowed = answer.route, answer.allowed
        if allowed is None:
            raise AnswerHeldBack
        if route.file_of is not None or answer.spooled is not None:
            self._look_at_file(answer)
        if allowed.obligations is None:
            return
        if (whole := UNPROJECTED.get(_key(route))) is not None:
            await self.spend(allowed, self._checked(answer, whole, allowed.obligations))
            return
        shared = SHARED[_key(route)]
        if (fault := first_fault(answer.content, shared, allowed.obligations)) is not None:
            self._hold_back(answer, fault)
        await self.spend(allowed, len(records_of(answer.content, shared)))
        if shared.row:
            without_rows(answer.content, shared)
            answer.changed = True

    def _look_at_file(self, answer: Answer) -> None:
        """AnswerHeldBack where a file is not what its service says, or holds ids that the caller may not have."""
        found, file, form = answer.found, answer.spooled, answer.route.file
        if found is None or file is None or answer.route.file_of is None:
            self._hold_back(answer, "/")
        whole = UNPROJECTED.get(_key(answer.route))
        fields = whole.fields if whole is not None else {}
        may_have_ids = answer.caller.may(EXPORTS_THE_REGISTRY)
        if fault := first_fault_of_file(found, form, file.sha256, answer.file, fields, may_have_ids=may_have_ids):
            self._hold_back(answer, fault)

    def _checked(self, answer: Answer, whole: Unprojected, keep_to: Obligations) -> int:
        """Of how many an answer tells that leaves whole. AnswerHeldBack where its service does not say so of a file, or that names
        or has what is not agreed in full."""
        if answer.route.file_of is None:
            return len({one.id for one in answer.subjects() if one.kind == "household"})
        if (told := answer.file) is None or answer.found is None:
            self._hold_back(answer, "/")
        for name in told.attributes if whole.fields else ():
            if keep_to.forms.get(name) != FULL:
                self._hold_back(answer, f"/{name}")
        if whole.fields and (fault := first_not_agreed(answer.found, answer.route.file, whole.fields, keep_to)):
            self._hold_back(answer, fault)
        return told.subjects

    def _hold_back(self, answer: Answer, fault: str) -> NoReturn:
        under = answer.allowed.under.id if answer.allowed else None
        self._held_back += 1
        log.error("answer_held_back", route=answer.route.path, agreement=under, at=fault)
        raise AnswerHeldBack

    def held_back(self) -> int:
        """Answers since the start that a service made wider than their agreement: each is a mistake of ours."""
        return self._held_back

    def _is_own(self, route: Route, target: Target, partner: Partner) -> bool:
        if route.service == REGISTRY:
            return partner.id == self._keeper
        if route.service == MATCHING:
            # It shows a list to its provider whole, and to nobody else without an agreement; whom it finds is the registry's.
            return self._keeper == partner.id or not _finds(route)
        institution = _institution(target)
        keeper = self._partners.get(institution)
        # Some keep programs in an instance that is not of their name: of another institution, or of all partners.
        return institution == partner.id or keeper is None or bool(set(keeper.programs) & set(partner.programs))

    def _providers(self, route: Route, target: Target) -> frozenset[str]:
        if route.service == REGISTRY or _finds(route):
            return frozenset({self._keeper})
        if route.service == MATCHING:
            return frozenset(self._partners)
        institution = _institution(target)
        if institution in self._partners:
            return frozenset({institution})
        return frozenset(one for one in self._partners if f"{PROGRAMS}-{one}" not in self._processes)


def _decided(decided: Callable[[Named], Allowed], named: Named) -> Allowed | None:
    """What allows it; None where it is refused. Unavailable goes on: it is no refusal of this."""
    try:
        return decided(named)
    except Refusal as refusal:
        if isinstance(refusal, Unavailable):
            raise
        return None


def _key(route: Route) -> tuple[str, str, str]:
    return route.service, route.method, route.path


def _finds(route: Route) -> bool:
    whole = UNPROJECTED.get(_key(route))
    return whole is not None and whole.operation == "match"


def _refuse_less(allowed: Allowed, needed: frozenset[str]) -> None:
    """AttributesNotAgreed where an agreement does not give all of this in full."""
    bounds, under = allowed.obligations, allowed.under
    if bounds is not None and any(bounds.forms.get(name) != FULL for name in needed):
        raise AttributesNotAgreed(agreement=under.id, accepted=", ".join(sorted(under.terms.forms())))


def _institution(target: Target) -> str:
    return target.process.removeprefix(f"{PROGRAMS}-")


def _under(caller: Caller, held: Held | None, purpose: str | None) -> Caller:
    """A mandate takes nothing away, so a service is not shown it."""
    if held is None or held.terms.kind == "mandate":
        return caller
    return replace(caller, agreement=held.told, purpose=purpose)
