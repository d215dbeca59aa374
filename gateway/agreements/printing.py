"""A version of an agreement as a page to print, in Arabic, French or English."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape

from gateway.agreements.schemas import VersionOut
from gateway.agreements.words import (
    ATTRIBUTES,
    BASES,
    CATEGORIES,
    FORMS,
    HEADINGS,
    KINDS,
    OPERATIONS,
    STATES,
    listed,
    named,
)
from gateway.partners.file import Partners
from shared.text import Language, Text

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=select_autoescape(), trim_blocks=True
)


def page(version: VersionOut, language: Language, partners: Partners) -> str:
    """The page as HTML, without a script."""
    heading = {name: word.in_(language) for name, word in HEADINGS.items()}
    return _templates.get_template("agreement.html").render(
        language=language,
        direction="rtl" if language == "ar" else "ltr",
        heading=heading,
        title=KINDS[version.terms.kind].in_(language),
        rows=[(heading[name], text) for name, text in _rows(version, language, partners)],
        given=[
            (ATTRIBUTES[one.name].in_(language), FORMS[one.transform].in_(language)) for one in version.terms.attributes
        ],
        signatures=[
            (_name(partners, one.party, language), one.official, f"{one.signed_at:%Y-%m-%d}")
            for one in version.signatures
        ],
    )


def _rows(version: VersionOut, language: Language, partners: Partners) -> list[tuple[str, str]]:
    terms, population = version.terms, version.terms.population
    return [
        ("agreement", version.agreement_id),
        ("version", str(version.version)),
        ("state", STATES[version.state].in_(language)),
        ("provider", _name(partners, terms.provider, language)),
        ("recipient", _name(partners, terms.recipient, language)),
        ("legal_basis", f"{BASES[terms.legal_basis.type].in_(language)}: {terms.legal_basis.reference}"),
        ("authority", terms.authority_reference or HEADINGS["none"].in_(language)),
        ("purposes", ", ".join(terms.purposes)),
        ("programs", ", ".join(population.programs) or HEADINGS["none"].in_(language)),
        ("enrolled_in", ", ".join(population.enrolled_in) or HEADINGS["any_household"].in_(language)),
        ("places", ", ".join(population.places) or HEADINGS["everywhere"].in_(language)),
        (
            "categories",
            listed([named(CATEGORIES, one) for one in population.categories]).in_(language)
            or HEADINGS["all_categories"].in_(language),
        ),
        ("operations", listed([named(OPERATIONS, one) for one in terms.operations]).in_(language)),
        ("per_query", str(terms.volume.per_query)),
        ("per_day", str(terms.volume.per_day)),
        ("retention_days", str(terms.retention_days)),
        ("not_before", str(terms.not_before)),
        ("not_after", str(terms.not_after)),
        ("fingerprint", version.fingerprint),
    ]


def _name(partners: Partners, partner: str, language: Language) -> str:
    known = partners.get(partner)
    return partner if known is None else Text(known.names.ar, known.names.fr, known.names.en).in_(language)
