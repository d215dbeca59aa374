"""What is refused about exports."""

from shared.errors import Refusal
from shared.text import Text


class UnknownColumns(Refusal):
    code, status = "unknown_columns", 422
    text = Text(
        ar="لا توجد هذه الأعمدة: {unknown}. المقبول: {columns}.",
        fr="Ces colonnes n'existent pas : {unknown}. Accepté : {columns}.",
        en="There are no such columns: {unknown}. Accepted: {columns}.",
    )


class FilterNotForThis(Refusal):
    code, status = "filter_not_applicable", 422
    text = Text(
        ar="لا يمكن تحديد هذا التصدير بهذا الحقل. المقبول: {filters}.",
        fr="Cet export ne se restreint pas par ce champ. Accepté : {filters}.",
        en="This export cannot be narrowed by this field. Accepted: {filters}.",
    )


class TooManyExports(Refusal):
    code, status = "too_many_exports", 429
    text = Text(
        ar="لديكم {most} طلبات تصدير قيد الانتظار. انتظروا انتهاء أحدها.",
        fr="{most} exports attendent déjà. Attendez que l'un soit terminé.",
        en="{most} exports of yours are waiting. Wait until one is done.",
    )


class ExportNotReady(Refusal):
    code, status = "export_not_ready", 409
    text = Text(
        ar="الملف غير جاهز (الحالة: {status}). تابعوا الطلب حتى يكتمل.",
        fr="Le fichier n'est pas prêt (statut : {status}). Suivez l'export jusqu'à sa fin.",
        en="The file is not ready (status: {status}). Follow the export until it is completed.",
    )


class ExportExpired(Refusal):
    code, status = "export_expired", 410
    text = Text(
        ar="حُذف الملف بتاريخ {on} بعد سبعة أيام. اطلبوه من جديد.",
        fr="Le fichier a été supprimé le {on}, après sept jours. Demandez-le à nouveau.",
        en="The file was removed on {on}, after seven days. Ask for it again.",
    )
