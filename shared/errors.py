"""Refusals: what a caller is told when a request cannot be done. Pure: no web framework here."""

from typing import Any, ClassVar

from shared.text import Text


class Refusal(Exception):
    """A request understood and refused. Subclasses fix the stable `code`, the HTTP status and the three texts.

    `pointer` is a JSON pointer to the refused field; values given are put into the text.
    Never give personal values: the text is for the caller, `str()` goes to logs and holds the code alone.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 422
    text: ClassVar[Text]

    def __init__(self, *, pointer: str | None = None, **values: object) -> None:
        super().__init__(self.code)
        self.pointer = pointer
        self.detail = self.text.format(pointer=pointer, **values) if values else self.text
        self.headers: dict[str, str] = {}


class Unauthenticated(Refusal):
    code, status = "unauthenticated", 401
    text = Text(
        ar="لا يوجد رمز دخول صالح. اطلب رمزا من ‎/oauth2/token‎ وأرسله في الترويسة Authorization: Bearer.",
        fr="Aucun jeton valide. Demandez un jeton à /oauth2/token et envoyez-le dans Authorization: Bearer.",
        en="No valid token. Ask /oauth2/token for one and send it as Authorization: Bearer.",
    )

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"WWW-Authenticate": "Bearer"}


class NotPermitted(Refusal):
    code, status = "not_permitted", 403
    text = Text(
        ar="اتفاقيتكم لا تشمل الصلاحية «{permission}». راجع اتفاقية تبادل البيانات مع صاحب البيانات.",
        fr="Votre accord ne comprend pas la permission « {permission} ». Voyez l'accord de partage avec le propriétaire.",
        en="Your agreement does not include the permission “{permission}”. See the data-sharing agreement with the owner.",
    )


class NotFound(Refusal):
    code, status = "not_found", 404
    text = Text(
        ar="لا يوجد شيء بهذا المعرّف.",
        fr="Rien n'existe sous cet identifiant.",
        en="Nothing exists under this id.",
    )


class InvalidRequest(Refusal):
    code, status = "invalid_request", 422
    text = Text(
        ar="الحقل {pointer} غير مقبول: {reason}",
        fr="Le champ {pointer} n'est pas accepté : {reason}",
        en="The field {pointer} is not accepted: {reason}",
    )


class UnreadableRequest(Refusal):
    code, status = "unreadable_request", 400
    text = Text(
        ar="تعذرت قراءة الطلب. أرسلوا JSON صحيحا بترميز UTF-8 وبالترويسة Content-Type: application/json.",
        fr="La requête est illisible. Envoyez du JSON valide, en UTF-8, avec Content-Type: application/json.",
        en="The request cannot be read. Send valid JSON, in UTF-8, with Content-Type: application/json.",
    )


class ValueNotStorable(Refusal):
    code, status = "value_not_storable", 422
    text = Text(
        ar="في الطلب قيمة لا تقبلها قاعدة البيانات: عدد كبير جدا أو رمز غير مسموح.",
        fr="La requête contient une valeur que la base ne peut garder : nombre trop grand ou caractère interdit.",
        en="The request holds a value that cannot be stored: a number too large, or a forbidden character.",
    )


class MethodNotAllowed(Refusal):
    code, status = "method_not_allowed", 405
    text = Text(
        ar="هذا العنوان لا يقبل هذه العملية.",
        fr="Cette adresse n'accepte pas cette opération.",
        en="This address does not accept this operation.",
    )


class InvalidCursor(Refusal):
    code, status = "invalid_cursor", 422
    text = Text(
        ar="المؤشر غير صالح. استعمل قيمة next_cursor كما جاءت في الصفحة السابقة، أو ابدأ بدون مؤشر.",
        fr="Curseur invalide. Reprenez next_cursor tel que reçu à la page précédente, ou commencez sans curseur.",
        en="Invalid cursor. Use next_cursor as the previous page gave it, or start without a cursor.",
    )


class BodyTooLarge(Refusal):
    code, status = "body_too_large", 413
    text = Text(
        ar="المحتوى أكبر من الحد المسموح ({limit} بايت).",
        fr="Le contenu dépasse la limite ({limit} octets).",
        en="The body is larger than the limit ({limit} bytes).",
    )


class PreconditionRequired(Refusal):
    code, status = "precondition_required", 428
    text = Text(
        ar="أرسل الترويسة If-Match بقيمة ETag التي قرأتها، حتى لا تُمحى تعديلات غيرك.",
        fr="Envoyez If-Match avec l'ETag lu, pour ne pas effacer la modification d'un autre.",
        en="Send If-Match with the ETag you read, so that nobody else's change is overwritten.",
    )


class PreconditionFailed(Refusal):
    code, status = "precondition_failed", 412
    text = Text(
        ar="تغيّر السجل منذ أن قرأته. اقرأه من جديد ثم أعد المحاولة.",
        fr="L'enregistrement a changé depuis votre lecture. Relisez-le puis recommencez.",
        en="The record has changed since you read it. Read it again, then retry.",
    )


class IdempotencyKeyReused(Refusal):
    code, status = "idempotency_key_reused", 422
    text = Text(
        ar="استُعمل مفتاح Idempotency-Key هذا مع طلب مختلف. استعمل مفتاحا جديدا لكل طلب جديد.",
        fr="Cette Idempotency-Key a servi à une autre requête. Prenez une clé nouvelle pour chaque requête nouvelle.",
        en="This Idempotency-Key was used with another request. Take a fresh key for each new request.",
    )


class Unavailable(Refusal):
    code, status = "unavailable", 503
    text = Text(
        ar="الخدمة غير متاحة الآن. أعد المحاولة بعد بضع ثوان؛ لم يُفقد شيء مما قُبل.",
        fr="Le service est indisponible. Réessayez dans quelques secondes ; rien d'accepté n'est perdu.",
        en="The service is unavailable. Try again in a few seconds; nothing accepted is lost.",
    )

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"Retry-After": "5"}


class DiskFull(Refusal):
    code, status = "disk_full", 507
    text = Text(
        ar="لا مكان على قرص المنصة لما أُرسل: لم يُحفظ منه شيء، ولم يُفقد شيء مما قُبل من قبل. أعيدوا المحاولة بعد دقائق.",
        fr="Le disque de la plateforme n'a plus de place pour cet envoi : rien n'en est gardé, rien d'accepté auparavant"
        " n'est perdu. Réessayez dans quelques minutes.",
        en="The platform's disk has no room for what was sent: nothing of it is kept, and nothing accepted before is lost."
        " Try again in a few minutes.",
    )

    def __init__(self) -> None:
        super().__init__()
        self.headers = {"Retry-After": "60"}


class InternalFault(Refusal):
    code, status = "internal_fault", 500
    text = Text(
        ar="خطأ من جانبنا، وقد سُجّل. أعد المحاولة، واذكر رقم التتبع إن تكرر.",
        fr="Une erreur de notre côté, enregistrée. Réessayez ; citez le numéro de trace si elle revient.",
        en="A fault on our side, recorded. Try again; quote the trace id if it returns.",
    )


def known_refusals() -> dict[str, dict[str, Any]]:
    """The refusals defined in this process, by code."""
    found: dict[str, dict[str, Any]] = {}
    kinds = list(Refusal.__subclasses__())
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        if "code" in kind.__dict__:  # families of refusals have none
            text = kind.text
            found[kind.code] = {"code": kind.code, "status": kind.status, "ar": text.ar, "fr": text.fr, "en": text.en}
    return found
