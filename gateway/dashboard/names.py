"""What the parts of the platform are called on the screen."""

from shared.text import LANGUAGES, Text

ISOLATE, END_ISOLATE = "\u2068", "\u2069"
"""Keep a Latin name or a number in its place inside an Arabic sentence (Unicode bidi isolates)."""

PROCESSES: dict[str, Text] = {
    "gateway": Text(ar="البوابة", fr="Passerelle", en="Gateway"),
    "registry": Text(ar="السجل الاجتماعي", fr="Registre social", en="Social registry"),
    "matching": Text(ar="المطابقة", fr="Rapprochement", en="Matching"),
}
INSTITUTIONS: dict[str, Text] = {
    "taazour": Text(ar="تآزر", fr="Taazour", en="Taazour"),
    "csa": Text(ar="الأمن الغذائي", fr="CSA", en="CSA"),
    "masef": Text(ar="العمل الاجتماعي", fr="MASEF", en="MASEF"),
    "men": Text(ar="التربية", fr="Éducation", en="Education"),
    "partners": Text(ar="الشركاء", fr="Partenaires", en="Partners"),
}
PROGRAMS_OF = Text(ar="برامج {institution}", fr="Programmes {institution}", en="Programs: {institution}")


def fill(sentence: Text, **values: object) -> Text:
    """`sentence` with its places filled: a Text by its own language, anything else as it is (isolated in Arabic)."""

    def said(value: object, language: str) -> str:
        if isinstance(value, Text):
            return value.in_(language)
        return f"{ISOLATE}{value}{END_ISOLATE}" if language == "ar" else str(value)

    return Text(
        *(
            sentence.in_(language).format(**{key: said(value, language) for key, value in values.items()})
            for language in LANGUAGES
        )
    )


FEED = Text(ar="تغذية المشتركين", fr="Flux des abonnés", en="Subscribers' feed")


def subscriber_name(process: str) -> Text:
    """What a process is called as a receiver of events: the gateway passes them on to the outside."""
    return FEED if process == "gateway" else process_name(process)


def process_name(process: str) -> Text:
    """The name of a process in the operator's language; its technical name where it has no other."""
    if process in PROCESSES:
        return PROCESSES[process]
    service, _, institution = process.partition("-")
    if service == "programs" and institution:
        return fill(PROGRAMS_OF, institution=INSTITUTIONS.get(institution, Text(*[institution] * 3)))
    return Text(*[process] * 3)
