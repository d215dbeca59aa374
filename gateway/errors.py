"""What the gateway refuses."""

from typing import ClassVar

from shared.errors import Refusal
from shared.text import Text


class TooManyRequests(Refusal):
    code, status = "too_many_requests", 429
    text = Text(
        ar="طلبات أكثر من حصتكم. انتظروا المدة المذكورة في الترويسة Retry-After ثم أعيدوا المحاولة.",
        fr="Plus de requêtes que votre quota. Attendez le délai indiqué par Retry-After, puis réessayez.",
        en="More requests than your quota. Wait as long as Retry-After says, then try again.",
    )


class TooManyAtOnce(Refusal):
    code, status = "too_many_at_once", 429
    text = Text(
        ar="لديكم {limit} طلبا قيد التنفيذ، وهو الحد الأقصى. انتظروا انتهاء أحدها.",
        fr="Vous avez déjà {limit} requêtes en cours, le maximum. Attendez que l'une se termine.",
        en="You have {limit} requests under way already, the most allowed. Wait until one ends.",
    )


class UpstreamTimeout(Refusal):
    code, status = "upstream_timeout", 504
    text = Text(
        ar="لم تجب الخدمة في الوقت المحدد. قد يكون الطلب نُفّذ: أعيدوه بنفس Idempotency-Key.",
        fr="Le service n'a pas répondu à temps. La requête a pu être exécutée : répétez-la avec la même Idempotency-Key.",
        en="The service did not answer in time. The request may have been done: repeat it with the same Idempotency-Key.",
    )


class CircuitOpen(Refusal):
    code, status = "circuit_open", 503
    text = Text(
        ar="لم تجب الخدمة {service} عدة مرات متتالية، فلا تُسأل قبل {seconds} ثانية. الخدمات الأخرى تعمل. أعيدوا المحاولة بعدها.",
        fr="Le service {service} n'a plus répondu plusieurs fois de suite : il n'est pas interrogé avant {seconds} s. Les autres répondent.",
        en="The service {service} failed to answer several times: it is not asked for {seconds} s. The others work. Try again then.",
    )


class RequestTooSlow(Refusal):
    code, status = "request_too_slow", 408
    text = Text(
        ar="توقف إرسال المحتوى أكثر من {seconds} ثانية. أعيدوا الإرسال.",
        fr="L'envoi du contenu s'est arrêté plus de {seconds} secondes. Recommencez l'envoi.",
        en="Sending the body stopped for more than {seconds} seconds. Send it again.",
    )


class HeaderTwice(Refusal):
    code, status = "header_twice", 400
    text = Text(
        ar="الترويسة {header} مذكورة أكثر من مرة. أرسلوها مرة واحدة.",
        fr="L'en-tête {header} figure plusieurs fois. Envoyez-le une seule fois.",
        en="The header {header} stands more than once. Send it once.",
    )


class JsonTooDeep(Refusal):
    code, status = "json_too_deep", 400
    text = Text(
        ar="المحتوى متداخل في أكثر من {limit} مستويات. أرسلوه أقل تداخلا.",
        fr="Le contenu est imbriqué sur plus de {limit} niveaux. Envoyez-le moins imbriqué.",
        en="The content is nested more than {limit} levels deep. Send it less nested.",
    )


class CursorAhead(Refusal):
    code, status = "cursor_ahead", 409
    text = Text(
        ar="هذا المؤشر يتجاوز آخر حدث مسجل: ربما أُعيدت القاعدة من نسخة احتياطية. ابدأوا من مؤشر أقدم أو بدون مؤشر.",
        fr="Ce curseur dépasse le dernier événement : la base a pu être restaurée. Repartez d'un curseur plus ancien, ou sans.",
        en="This cursor is past the last event: the database may have been restored. Start from an older cursor, or none.",
    )


class TokenRefused(Refusal):
    """A refusal at the token endpoint, which answers in RFC 6749's form: `error` is its word for the case."""

    error: ClassVar[str]


class TokenRequestMalformed(TokenRefused):
    code, status, error = "token_request_malformed", 400, "invalid_request"
    text = Text(
        ar="أرسلوا نموذجا (application/x-www-form-urlencoded) فيه grant_type مرة واحدة، وهوية العميل بطريقة واحدة.",
        fr="Envoyez un formulaire (application/x-www-form-urlencoded) avec grant_type une fois et une seule authentification.",
        en="Send a form (application/x-www-form-urlencoded) with grant_type once and one way of authenticating the client.",
    )


class ClientUnknown(TokenRefused):
    code, status, error = "client_refused", 401, "invalid_client"
    text = Text(
        ar="هوية العميل أو سره غير صحيح.",
        fr="L'identifiant ou le secret du client est faux.",
        en="The client id or its secret is wrong.",
    )


class GrantTypeUnsupported(TokenRefused):
    code, status, error = "grant_type_unsupported", 400, "unsupported_grant_type"
    text = Text(
        ar="النوع الوحيد المقبول هو grant_type=client_credentials.",
        fr="Seul grant_type=client_credentials est accepté.",
        en="Only grant_type=client_credentials is accepted.",
    )


class ScopeRefused(TokenRefused):
    code, status, error = "scope_refused", 400, "invalid_scope"
    text = Text(
        ar="طلبتم صلاحية لا يشملها اتفاقكم أو لا وجود لها.",
        fr="Vous demandez une permission inconnue ou que votre accord ne comprend pas.",
        en="You ask for a permission that does not exist or that your agreement does not include.",
    )


class TooManyFailures(TokenRefused):
    code, status, error = "too_many_failures", 429, "invalid_client"
    text = Text(
        ar="محاولات دخول فاشلة كثيرة. انتظروا دقيقة ثم أعيدوا المحاولة بالسر الصحيح.",
        fr="Trop d'échecs d'authentification. Attendez une minute, puis réessayez avec le bon secret.",
        en="Too many failed attempts. Wait a minute, then try again with the right secret.",
    )


class AnswerTooLarge(Refusal):
    code, status = "answer_too_large", 500
    text = Text(
        ar="يتجاوز الجواب {limit} بايت، فلم يغادر منه شيء. اطلبوا صفحة أصغر.",
        fr="La réponse dépasse {limit} octets : rien n'en est sorti. Demandez une page plus petite.",
        en="The answer exceeds {limit} bytes: nothing of it left. Ask for a smaller page.",
    )


class HeaderUnreadable(Refusal):
    code, status = "header_unreadable", 422
    text = Text(
        ar="الترويسة {header} غير مقبولة. المقبول: من {least} إلى {most} رمزا من الحروف اللاتينية والأرقام والعلامات {signs}.",
        fr="L'en-tête {header} n'est pas accepté. Accepté : {least} à {most} signes, lettres latines, chiffres et {signs}.",
        en="The header {header} is not accepted. Accepted: {least} to {most} signs: Latin letters, digits and {signs}.",
    )


class RangeNotSatisfiable(Refusal):
    code, status = "range_not_satisfiable", 416
    text = Text(
        ar="الجزء المطلوب خارج الملف، وحجمه {size} بايت.",
        fr="La partie demandée est hors du fichier, long de {size} octets.",
        en="The range lies outside the file, which has {size} bytes.",
    )

    def __init__(self, size: int) -> None:
        super().__init__(size=size)
        self.headers = {"Content-Range": f"bytes */{size}"}
