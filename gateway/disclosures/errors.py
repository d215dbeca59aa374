"""What those who watch over the log are refused."""

from shared.errors import Refusal
from shared.text import Text


class MomentsReversed(Refusal):
    code, status = "moments_reversed", 422
    text = Text(
        ar="نهاية المدة قبل بدايتها. المقبول: نهاية بعد البداية.",
        fr="La fin précède le début. Accepté : une fin après le début.",
        en="The end lies before the beginning. Accepted: an end after it.",
    )


class OfficialNeeded(Refusal):
    code, status = "official_needed", 422
    text = Text(
        ar="هذه العملية يقوم بها شخص: أرسلوا رمزه في الترويسة Tekamoul-Official.",
        fr="Une personne répond de cet acte : envoyez son code dans Tekamoul-Official.",
        en="A person answers for this: send her code in Tekamoul-Official.",
    )


class SamePerson(Refusal):
    code, status = "same_person", 403
    text = Text(
        ar="طلبتم هذا بأنفسكم. يقرره شخص آخر.",
        fr="Vous l'avez demandé vous-même. Une autre personne en décide.",
        en="You asked for this yourself. Another person decides it.",
    )


class AlreadyDecided(Refusal):
    code, status = "already_decided", 409
    text = Text(
        ar="سبق البت في هذا الأمر يوم {day}.",
        fr="C'est déjà décidé, le {day}.",
        en="This has been decided already, on {day}.",
    )


class NobodyOfThatName(Refusal):
    code, status = "nobody_logged", 404
    text = Text(
        ar="لا يذكر السجل أحدا بهذا المعرّف.",
        fr="Le journal ne nomme personne sous cet identifiant.",
        en="The log names nobody by this id.",
    )


class FilesNotForgotten(Refusal):
    code, status = "files_not_forgotten", 503
    text = Text(
        ar="لم تؤكد {processes} أنها محت من كان في الملفات، فلم يُمحَ من السجل شيء. أعيدوا الطلب.",
        fr="{processes} n'a pas confirmé avoir oublié qui figurait dans ses fichiers : rien n'a été effacé du journal. Réessayez.",
        en="{processes} did not confirm that it forgot who stood in its files: nothing was erased from the log. Try again.",
    )

    def __init__(self, processes: str) -> None:
        super().__init__(processes=processes)
        self.headers = {"Retry-After": "60"}


class BreakGlassUnknown(Refusal):
    code, status = "break_glass_unknown", 404
    text = Text(
        ar="ليس لكم نفاذ استثنائي بهذا المعرّف. افتحوه عبر ‎POST /v1/break-glass بنفس Tekamoul-Official.",
        fr="Vous n'avez ouvert aucun accès d'exception de cet identifiant. Ouvrez-le par POST /v1/break-glass, même Tekamoul-Official.",
        en="You opened no break-glass of this id. Open it by POST /v1/break-glass with the same Tekamoul-Official.",
    )


class BreakGlassEnded(Refusal):
    code, status = "break_glass_ended", 403
    text = Text(
        ar="انتهى النفاذ الاستثنائي الساعة {time}. افتحوا غيره إن بقيت الحاجة.",
        fr="L'accès d'exception a pris fin à {time}. Ouvrez-en un autre si le besoin demeure.",
        en="The break-glass ended at {time}. Open another one if the need remains.",
    )


class BreakGlassElsewhere(Refusal):
    code, status = "break_glass_elsewhere", 403
    text = Text(
        ar="فُتح النفاذ الاستثنائي لشخص آخر غير من يذكره هذا الجواب.",
        fr="L'accès d'exception a été ouvert pour une autre personne que celles de cette réponse.",
        en="The break-glass was opened for somebody else than those in this answer.",
    )


class TooManyOpen(Refusal):
    code, status = "break_glass_unreviewed", 409
    text = Text(
        ar="لديكم {count} نفاذات استثنائية لم تراجع بعد، وهو الحد الأقصى. اطلبوا مراجعتها أولا.",
        fr="Vous avez {count} accès d'exception non examinés, le maximum. Faites-les d'abord examiner.",
        en="You have {count} break-glass accesses not yet reviewed, the most allowed. Have them reviewed first.",
    )


class BreakGlassReadsOnly(Refusal):
    code, status = "break_glass_reads_only", 403
    text = Text(
        ar="النفاذ الاستثنائي للقراءة فقط، لا للتغيير ولا للملفات.",
        fr="L'accès d'exception ne sert qu'à lire : ni changement, ni fichier.",
        en="Break-glass is for reading alone: no change, no file.",
    )
