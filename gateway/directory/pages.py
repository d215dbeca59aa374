"""From what is known of a partner to HTML, in one of three languages. The templates hold the markup, this what they are given."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from gateway.dashboard.assets import FOLDER, load_assets
from gateway.dashboard.words import LANGUAGE_NAMES
from gateway.directory.counts import DAYS
from gateway.directory.page_tables import (
    ACCESS_STATES,
    Words,
    address_of,
    agreements_of,
    by_hour,
    disclosures_of,
    file_of,
    heights,
    hours_of,
    keys_of,
    lines_of,
    operations_of,
    quota_of,
    refusals_of,
    services_of,
    trying_of,
    ways,
)
from gateway.directory.schemas import OperationOut, OverviewOut
from gateway.directory.trying import LONGEST_BODY, LONGEST_VALUE, SECONDS, Answer, Form
from gateway.partners.file import Partners
from gateway.traffic.counting import Line
from shared.text import Language

TEMPLATES = Path(__file__).parent / "templates"
ICONS = FOLDER.parent / "templates"
"""The icons and marks of the dashboard."""
PERIODS = (1, 24, 168)


class PartnerPages:
    """Renders a partner's overview and directory, and who called what."""

    def __init__(self) -> None:
        self._assets = load_assets()
        self._templates = Environment(
            loader=ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(ICONS)]),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )

    def overview(self, told: OverviewOut, language: Language, *, watches: bool) -> str:
        """`watches`: for a person who looks after the platform, and has ways to its other pages."""
        say = Words(language)
        hours = by_hour(told)
        most = max((requests for requests, _ in hours), default=0)
        here = address_of(told.id)
        return self._render(
            "overview.html",
            say,
            title=told.names.model_dump()[language],
            here=here,
            current=here,
            ways=ways(say, told.id, watches=watches, listed=told.credentials is not None),
            partner=told.id,
            at=say.moment(told.at),
            sandbox=told.sandbox,
            suspended=told.suspended_at is not None,
            quota=quota_of(told, say),
            total=say.write.number(sum(requests for requests, _ in hours)),
            highest=say.write.number(most),
            bars=[(12 * place, *heights(*counts, most)) for place, counts in enumerate(hours)],
            services=services_of(told, say),
            hours=hours_of(told, say),
            refusals=refusals_of(told, say),
            counted_since=say.moment(told.counted_since) if told.at - told.counted_since < timedelta(days=DAYS) else "",
            agreements=agreements_of(told, say),
            more_agreements=told.more_agreements,
            keys=keys_of(told, say),
            disclosures=disclosures_of(told, say),
            file=file_of(told, say),
            behind=any(one.only_in_file for one in told.file or ()),
        )

    def directory(
        self,
        partner: str,
        name: str,
        language: Language,
        found: Sequence[OperationOut],
        processes: Sequence[str],
        process: str,
        access: str,
        *,
        watches: bool,
        sandbox: bool,
        tries: bool,
    ) -> str:
        """The operations of one process. `tries`: each leads to where this person may try it out."""
        say = Words(language)
        here = f"{address_of(partner)}/directory"
        accesses = ("", *ACCESS_STATES)
        return self._render(
            "directory.html",
            say,
            title=name,
            here=f"{here}?{urlencode({'service': process, 'access': access})}",
            current=here,
            ways=ways(say, partner, watches=watches),
            filters=[
                ("service", [(one, say.process(one), one == process) for one in processes]),
                ("access", [(one, say(f"access_{one}") if one else say("any"), one == access) for one in accesses]),
            ],
            service=say.process(process),
            count=say.write.number(len(found)),
            real=not sandbox,
            operations=operations_of(found, say, tries=tries, partner=partner),
        )

    def trying(
        self,
        partner: str,
        name: str,
        language: Language,
        one: OperationOut,
        form: Form,
        purposes: Sequence[str],
        given: Mapping[str, str],
        csrf: str,
        *,
        watches: bool,
        command: str = "",
        answer: Answer | None = None,
    ) -> str:
        """The form of an operation; with an answer, what came of it. `given`: what the form was filled with."""
        say = Words(language)
        here = trying_of(partner, one.method, one.path)
        return self._render(
            "try.html",
            say,
            title=f"{name} · {say('try')}",
            here=here,
            current=here,
            action=here,
            ways=ways(say, partner, watches=watches),
            partner=partner,
            method=one.method,
            path=one.path,
            description=one.description,
            form=form,
            given=given,
            named=[("agreement", one.agreements), ("purpose", purposes)] if one.agreements else [],
            csrf=csrf,
            command=command,
            answer=answer,
            seconds=say.write.number(SECONDS),
            longest=LONGEST_VALUE,
            longest_body=LONGEST_BODY,
        )

    def traffic(
        self,
        language: Language,
        at: datetime,
        since: datetime,
        lines: Sequence[Line],
        partners: Partners,
        processes: Sequence[str],
        *,
        partner: str,
        service: str,
        hours: int,
    ) -> str:
        say = Words(language)
        names = {one.id: one.names.model_dump()[language] for one in partners.values()}
        here = "/dashboard/traffic"
        return self._render(
            "traffic.html",
            say,
            title=say("traffic"),
            here=f"{here}?{urlencode({'partner': partner, 'service': service, 'hours': hours})}",
            current=here,
            ways=[(say("screen"), "/dashboard"), (say("traffic"), here)],
            at=say.moment(at),
            counted_since=say.moment(since) if at - since < timedelta(hours=hours) else "",
            filters=[
                (
                    "partner",
                    [("", say("any"), not partner), *((id_, names[id_], id_ == partner) for id_ in sorted(names))],
                ),
                (
                    "service",
                    [("", say("any"), not service), *((one, say.process(one), one == service) for one in processes)],
                ),
                ("hours", [(str(one), say(f"hours_{one}"), one == hours) for one in PERIODS]),
            ],
            lines=lines_of(lines, names, say),
            partners=[(names[one], address_of(one), partners[one].suspended) for one in sorted(names)],
        )

    def _render(self, template: str, say: Words, **given: Any) -> str:
        return self._templates.get_template(template).render(
            write=say.write,
            word=say,
            languages=LANGUAGE_NAMES,
            assets=self._assets,
            address=self._address,
            **given,
        )

    def _address(self, name: str) -> str:
        return f"/dashboard/static/{name}?v={self._assets[name].etag[1:13]}"
