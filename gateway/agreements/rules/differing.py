"""What one version of an agreement changes in another, in plain sentences in three languages. Pure."""

from collections.abc import Iterator, Mapping, Sequence

from gateway.agreements.terms import Terms
from gateway.agreements.words import ATTRIBUTES, BASES, CATEGORIES, FORMS, HEADINGS, OPERATIONS, listed, named
from shared.text import Text

ADDED = Text(ar="{what}: يضاف {items}.", fr="{what} : s'ajoute {items}.", en="{what}: {items} is added.")
TAKEN_AWAY = Text(ar="{what}: يُحذف {items}.", fr="{what} : {items} disparaît.", en="{what}: {items} is taken away.")
GIVEN = Text(
    ar="يُعطى أيضا: {what} ({form}).", fr="Est aussi donné : {what} ({form}).", en="Also given: {what} ({form})."
)
NO_LONGER_GIVEN = Text(ar="لم يعد يُعطى: {what}.", fr="N'est plus donné : {what}.", en="No longer given: {what}.")
OTHER_FORM = Text(
    ar="{what}: كان يُعطى {before}، ويصير {after}.",
    fr="{what} : était donné {before}, le sera {after}.",
    en="{what}: was given {before}, and will be {after}.",
)
OTHER_VALUE = Text(
    ar="{what}: كان {before}، ويصير {after}.",
    fr="{what} : {before}, devient {after}.",
    en="{what}: {before} becomes {after}.",
)
WIDENED = Text(
    ar="{what}: كان مقصورا على {before}، ويشمل الآن الكل.",
    fr="{what} : était limité à {before}, vaut désormais sans limite.",
    en="{what}: was limited to {before}, and is now without a limit.",
)
NARROWED = Text(
    ar="{what}: كان بلا حصر، ويقتصر الآن على {after}.",
    fr="{what} : était sans limite, se limite désormais à {after}.",
    en="{what}: was without a limit, and is now limited to {after}.",
)


def differences(before: Terms, after: Terms) -> list[Text]:
    """Each thing that changes, once, in the order in which the page tells them; none where nothing does."""
    return [*_texts(before, after), *_sets(before, after), *_attributes(before, after), *_numbers(before, after)]


def _texts(before: Terms, after: Terms) -> Iterator[Text]:
    yield from _value("legal_basis", _basis(before), _basis(after))
    yield from _value("authority", _or_none(before.authority_reference), _or_none(after.authority_reference))


def _sets(before: Terms, after: Terms) -> Iterator[Text]:
    was, is_ = before.population, after.population
    yield from _set("purposes", before.purposes, after.purposes, {})
    yield from _set("programs", was.programs, is_.programs, {})
    yield from _limit("enrolled_in", was.enrolled_in, is_.enrolled_in, {})
    yield from _limit("places", was.places, is_.places, {})
    yield from _limit("categories", was.categories, is_.categories, CATEGORIES)
    yield from _set("operations", before.operations, after.operations, OPERATIONS)


def _attributes(before: Terms, after: Terms) -> Iterator[Text]:
    was, is_ = before.forms(), after.forms()
    for name, form in is_.items():
        if name not in was:
            yield _said(GIVEN, what=ATTRIBUTES[name], form=FORMS[form])
        elif was[name] != form:
            yield _said(OTHER_FORM, what=ATTRIBUTES[name], before=FORMS[was[name]], after=FORMS[form])
    for name in was:
        if name not in is_:
            yield _said(NO_LONGER_GIVEN, what=ATTRIBUTES[name])


def _numbers(before: Terms, after: Terms) -> Iterator[Text]:
    yield from _value("per_query", _same(before.volume.per_query), _same(after.volume.per_query))
    yield from _value("per_day", _same(before.volume.per_day), _same(after.volume.per_day))
    for name in ("retention_days", "not_before", "not_after"):
        yield from _value(name, _same(getattr(before, name)), _same(getattr(after, name)))


def _value(heading: str, before: Text, after: Text) -> Iterator[Text]:
    if before != after:
        yield _said(OTHER_VALUE, what=HEADINGS[heading], before=before, after=after)


def _set(heading: str, before: Sequence[str], after: Sequence[str], words: Mapping[str, Text]) -> Iterator[Text]:
    added, gone = ([one for one in these if one not in those] for these, those in ((after, before), (before, after)))
    for sentence, items in ((ADDED, added), (TAKEN_AWAY, gone)):
        if items:
            yield _said(sentence, what=HEADINGS[heading], items=_words(items, words))


def _limit(heading: str, before: Sequence[str], after: Sequence[str], words: Mapping[str, Text]) -> Iterator[Text]:
    """Of what is unlimited where nothing is named: an entry added to none takes away."""
    if before and not after:
        yield _said(WIDENED, what=HEADINGS[heading], before=_words(before, words))
    elif after and not before:
        yield _said(NARROWED, what=HEADINGS[heading], after=_words(after, words))
    else:
        yield from _set(heading, before, after, words)


def _words(codes: Sequence[str], words: Mapping[str, Text]) -> Text:
    return listed([named(words, code) for code in codes])


def _basis(terms: Terms) -> Text:
    kind, reference = BASES[terms.legal_basis.type], terms.legal_basis.reference
    return Text(f"{kind.ar}: {reference}", f"{kind.fr} : {reference}", f"{kind.en}: {reference}")


def _or_none(reference: str | None) -> Text:
    return HEADINGS["none"] if reference is None else _same(reference)


def _same(value: object) -> Text:
    return Text(str(value), str(value), str(value))


def _said(sentence: Text, **values: Text) -> Text:
    """A sentence filled in each language by its own words; in Arabic each is isolated, so that a code keeps its place."""
    return Text(
        sentence.ar.format(**{name: f"\u2068{one.ar}\u2069" for name, one in values.items()}),
        sentence.fr.format(**{name: one.fr for name, one in values.items()}),
        sentence.en.format(**{name: one.en for name, one in values.items()}),
    )
