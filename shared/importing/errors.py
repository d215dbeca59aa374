"""What a sender of files is told when a request about one cannot be done."""

from shared.errors import Refusal
from shared.text import Text


class FileTooLarge(Refusal):
    code, status = "file_too_large", 413
    text = Text(
        ar="الملف أكبر من الحد المسموح: {megabytes} ميغابايت لهذا النوع. قسّمه إلى عدة ملفات.",
        fr="Le fichier dépasse la limite : {megabytes} Mo pour ce type. Le partager en plusieurs fichiers.",
        en="The file is larger than the limit: {megabytes} MB for this kind. Split it into several files.",
    )


class TooManyUploads(Refusal):
    code, status = "too_many_uploads", 409
    text = Text(
        ar="لديكم {limit} ملفا لم يكتمل رفعها. أكملوها أو احذفوها قبل البدء بغيرها.",
        fr="Vous avez {limit} envois inachevés. Terminez-les ou supprimez-les avant d'en commencer d'autres.",
        en="You have {limit} unfinished uploads. Finish or delete them before you begin others.",
    )


class TusVersionNotSpoken(Refusal):
    code, status = "tus_version_not_spoken", 412
    text = Text(
        ar="الرفع المتقطع يتم ببروتوكول tus بالإصدار ‎{version}‎. أرسل الترويسة Tus-Resumable: {version}.",
        fr="L'envoi reprenable suit le protocole tus, version {version}. Envoyez Tus-Resumable: {version}.",
        en="Resumable uploads follow the tus protocol, version {version}. Send Tus-Resumable: {version}.",
    )


class OffsetMismatch(Refusal):
    code, status = "offset_mismatch", 409
    text = Text(
        ar="وصل من الملف {offset} بايت. أكمل من هذا الموضع.",
        fr="{offset} octets du fichier sont arrivés. Reprenez à cet endroit.",
        en="{offset} bytes of the file have arrived. Go on from there.",
    )


class NotAPieceOfAFile(Refusal):
    code, status = "not_a_piece_of_a_file", 415
    text = Text(
        ar="أرسل قطعة الملف بالترويسة Content-Type: application/offset+octet-stream.",
        fr="Envoyez le morceau avec Content-Type: application/offset+octet-stream.",
        en="Send the piece with Content-Type: application/offset+octet-stream.",
    )


class ChecksumMismatch(Refusal):
    code, status = "checksum_mismatch", 460
    text = Text(
        ar="وصلت القطعة تالفة: لا يطابق محتواها مجموع التحقق. أعد إرسالها.",
        fr="Le morceau est arrivé abîmé : son contenu ne correspond pas à la somme de contrôle. Renvoyez-le.",
        en="The piece arrived damaged: its content does not match the checksum. Send it again.",
    )


class ChecksumNotKnown(Refusal):
    code, status = "checksum_not_known", 400
    text = Text(
        ar="مجموع التحقق غير مفهوم. المقبول: «sha256» أو «sha1» ثم القيمة بترميز base64.",
        fr="Somme de contrôle non comprise. Accepté : « sha256 » ou « sha1 », puis la valeur en base64.",
        en="The checksum is not understood. Accepted: “sha256” or “sha1”, then the value in base64.",
    )


class UploadComplete(Refusal):
    code, status = "upload_complete", 409
    text = Text(
        ar="اكتمل رفع الملف وصار استيرادا. ألغه من ‎/v1/imports/{id}‎.",
        fr="Le fichier est complet et devenu un import. Annulez-le à /v1/imports/{id}.",
        en="The file is complete and has become an import. Cancel it at /v1/imports/{id}.",
    )


class MappingNotAccepted(Refusal):
    code, status = "mapping_not_accepted", 422
    text = Text(
        ar="مطابقة الأعمدة غير مفهومة. المقبول: JSON من مستوى واحد: نص العنوان ثم اسم الحقل.",
        fr="La correspondance des colonnes n'est pas comprise. Accepté : du JSON à un seul niveau, en-tête et champ.",
        en="The column mapping is not understood. Accepted: JSON of one level, header text and field.",
    )


class UnknownMappingField(Refusal):
    code, status = "unknown_mapping_field", 422
    text = Text(
        ar="هذا النوع من الملفات ليس فيه حقل باسم: {fields}. الحقول المقبولة: {accepted}.",
        fr="Ce type de fichier n'a pas de champ nommé : {fields}. Champs acceptés : {accepted}.",
        en="This kind of file has no field named: {fields}. Accepted fields: {accepted}.",
    )


class NotSupersedable(Refusal):
    code, status = "not_supersedable", 409
    text = Text(
        ar="لا يحل ملف مصحح إلا محل استيراد مكتمل أرسلتموه أنتم، من النوع نفسه.",
        fr="Un fichier corrigé ne remplace qu'un import achevé, envoyé par vous et du même type.",
        en="A corrected file takes the place only of a completed import that you sent, of the same kind.",
    )


class ImportEnded(Refusal):
    code, status = "import_ended", 409
    text = Text(
        ar="انتهى هذا الاستيراد ({status})، فلا يمكن إلغاؤه.",
        fr="Cet import est terminé ({status}) et ne peut plus être annulé.",
        en="This import has ended ({status}) and can no longer be cancelled.",
    )


class NotChecked(Refusal):
    code, status = "not_checked", 409
    text = Text(
        ar="لا يُطبَّق إلا ملف فُحص بتشغيل تجريبي أو تعذرت قراءته؛ حالة هذا الملف: {status}.",
        fr="On n'applique qu'un fichier vérifié à blanc, ou qui n'a pas pu être lu ; état de celui-ci : {status}.",
        en="Only a file checked by a dry run, or one that could not be read, is applied; this one is: {status}.",
    )


class AlreadyApplied(Refusal):
    code, status = "already_applied", 409
    text = Text(
        ar="سبق تطبيق هذا الملف نفسه في الاستيراد {id}.",
        fr="Ce même fichier a déjà été appliqué par l'import {id}.",
        en="This same file has already been applied by the import {id}.",
    )


class FileNoLongerKept(Refusal):
    code, status = "file_no_longer_kept", 410
    text = Text(
        ar="لم يعد الملف محفوظا: تُحذف الملفات بعد {days} يوما. أعد إرساله إن لزم.",
        fr="Le fichier n'est plus gardé : les fichiers sont effacés après {days} jours. Renvoyez-le au besoin.",
        en="The file is no longer kept: files are removed after {days} days. Send it again if needed.",
    )


class NoTable(Refusal):
    code, status = "no_table", 409
    text = Text(
        ar="لا يمكن قراءة هذا الملف جدولا: {reason}",
        fr="Ce fichier ne se lit pas comme un tableau : {reason}",
        en="This file cannot be read as a table: {reason}",
    )

    def __init__(self, reason: Text) -> None:
        super().__init__()
        self.detail = Text(
            ar=self.text.ar.format(reason=reason.ar),
            fr=self.text.fr.format(reason=reason.fr),
            en=self.text.en.format(reason=reason.en),
        )
