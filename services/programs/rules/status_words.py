"""An institution's own words for a status and for why it changed, in three languages, as files of statuses write them."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from services.programs.rules.status import ExitReason, RejectionReason, ResumptionReason, Status, SuspensionReason, Turn
from shared.text import fold


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(" ¦ "))


STATUS_WORDS: Mapping[Status, Iterable[str]] = {
    Status.APPLIED: _words(
        "applied ¦ waiting ¦ waiting list ¦ en attente ¦ liste d'attente ¦ demande ¦ candidat ¦ قيد الانتظار ¦ لائحة الانتظار"
        " ¦ في الانتظار"
    ),
    Status.ENROLLED: _words(
        "enrolled ¦ active ¦ accepted ¦ actif ¦ inscrit ¦ inscrite ¦ bénéficiaire ¦ accepté ¦ repris ¦ نشط ¦ مسجل ¦ مستفيد"
        " ¦ مقبول ¦ فعال"
    ),
    Status.SUSPENDED: _words(
        "suspended ¦ on hold ¦ suspendu ¦ suspendue ¦ en suspens ¦ bloqué ¦ معلق ¦ معلقة ¦ موقوف ¦ موقوفة"
    ),
    Status.EXITED: _words(
        "exited ¦ ended ¦ closed ¦ removed ¦ sorti ¦ sortie ¦ radié ¦ radiée ¦ exclu ¦ exclue ¦ retiré ¦ clôturé ¦ مشطوب ¦ خارج"
        " ¦ محذوف ¦ منتهي ¦ مقصى"
    ),
}
REASON_WORDS: Mapping[str, Iterable[str]] = {
    "absent": _words("absent ¦ absente ¦ غائب ¦ غياب ¦ غائبة"),
    "deceased": _words("deceased ¦ dead ¦ died ¦ décédé ¦ décédée ¦ décès ¦ متوفى ¦ متوفاة ¦ وفاة"),
    "moved": _words("moved ¦ déménagé ¦ déménagement ¦ déplacé ¦ انتقل ¦ انتقال ¦ مغادرة"),
    "not_eligible": _words("not eligible ¦ ineligible ¦ non éligible ¦ inéligible ¦ غير مؤهل ¦ غير مستحق"),
    "duplicate": _words("duplicate ¦ doublon ¦ double inscription ¦ مكرر ¦ تكرار"),
    "to_verify": _words("to verify ¦ à vérifier ¦ en vérification ¦ للتحقق ¦ قيد التحقق"),
    "conditions_not_met": _words("conditions not met ¦ conditions non remplies ¦ لم تستوف الشروط ¦ عدم استيفاء الشروط"),
    "returned": _words("returned ¦ de retour ¦ retour ¦ عاد ¦ عودة"),
    "replaced": _words("replaced ¦ remplacé ¦ remplacée ¦ remplacement ¦ استبدل ¦ استبدال"),
    "verified": _words("verified ¦ vérifié ¦ vérifiée ¦ تم التحقق"),
    "withdrew": _words("withdrew ¦ withdrawal ¦ désisté ¦ désistement ¦ انسحب ¦ انسحاب ¦ تنازل"),
    "graduated": _words("graduated ¦ graduation ¦ gradué ¦ autonomie ¦ autonome ¦ تخرج ¦ استغناء ¦ استقلالية"),
    "mistake": _words("mistake ¦ error ¦ erreur ¦ خطأ"),
}
REASONS_OF: Mapping[Turn, frozenset[str]] = {
    Turn.ENROLL: frozenset(),
    Turn.REJECT: frozenset(RejectionReason),
    Turn.SUSPEND: frozenset(SuspensionReason),
    Turn.RESUME: frozenset(ResumptionReason),
    Turn.EXIT: frozenset(ExitReason),
}


def status_of(word: object, own: Mapping[str, str]) -> Status | None:
    """The status a word names; the program's own words come before the usual ones. None for an unknown word."""
    return _statuses(tuple(sorted(own.items()))).get(fold(word))  # type: ignore[arg-type]


@lru_cache(maxsize=64)
def _statuses(own: tuple[tuple[str, str], ...]) -> dict[str, Status]:
    usual = {fold(word): status for status, words in STATUS_WORDS.items() for word in words}
    return usual | {fold(word): Status(status) for word, status in own}


def reason_of(word: object) -> str | None:
    """The reason a word names; None for an unknown word."""
    return _REASONS.get(fold(word))  # type: ignore[arg-type]


_REASONS = {fold(word): reason for reason, words in REASON_WORDS.items() for word in (reason, *words)}
