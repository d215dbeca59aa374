"""What snapshots refuse."""

from shared.errors import Refusal
from shared.text import Text


class SnapshotTooEarly(Refusal):
    code = "snapshot_too_early"
    text = Text(
        ar="لا تُعرف البلاد قبل {earliest}. المقبول: يوم من {earliest} إلى اليوم.",
        fr="Le pays n'est pas connu avant le {earliest}. Accepté : un jour du {earliest} à aujourd'hui.",
        en="The country is not known before {earliest}. Accepted: a day from {earliest} to today.",
    )


class SnapshotInFuture(Refusal):
    code = "snapshot_in_future"
    text = Text(
        ar="اليوم {day} لم يأت بعد. المقبول: اليوم أو يوم مضى.",
        fr="Le {day} n'est pas encore venu. Accepté : aujourd'hui ou un jour passé.",
        en="{day} has not come yet. Accepted: today or a day past.",
    )


class TooManySnapshots(Refusal):
    code, status = "too_many_snapshots", 429
    text = Text(
        ar="تنتظر {most} لقطات دورها. انتظروا انتهاء إحداها أو ألغوها.",
        fr="{most} instantanés attendent déjà. Attendez que l'un soit fait, ou annulez-en un.",
        en="{most} snapshots are waiting already. Wait until one is made, or cancel one.",
    )


class SnapshotEnded(Refusal):
    code, status = "snapshot_ended", 409
    text = Text(
        ar="انتهت هذه اللقطة ({status}) ولا تُلغى. المقبول: لقطة قيد الإعداد.",
        fr="Cet instantané est terminé ({status}) et ne s'annule plus. Accepté : un instantané en cours.",
        en="This snapshot has ended ({status}) and cannot be cancelled. Accepted: one that is being made.",
    )


class SnapshotNotMade(Refusal):
    code, status = "snapshot_not_made", 409
    text = Text(
        ar="هذه اللقطة غير جاهزة (الحالة: {status}). المقبول: لقطة مكتملة.",
        fr="Cet instantané n'est pas prêt (statut : {status}). Accepté : un instantané fait.",
        en="This snapshot is not ready (status: {status}). Accepted: one that is done.",
    )


class SnapshotNotFiled(Refusal):
    code, status = "snapshot_not_filed", 409
    text = Text(
        ar="لم يُكتب ملف هذه اللقطة بعد. أعيدوا الطلب بعد قليل؛ أرقامها مقروءة.",
        fr="Le fichier de cet instantané n'est pas encore écrit. Redemandez-le dans un instant ; ses chiffres se lisent déjà.",
        en="The file of this snapshot is not written yet. Ask again in a moment; its figures can be read.",
    )


class SnapshotInUse(Refusal):
    code, status = "snapshot_in_use", 409
    text = Text(
        ar="تستند إلى هذه اللقطة: {users}. احذفوها أولا.",
        fr="Reposent sur cet instantané : {users}. Supprimez-les d'abord.",
        en="There rest on this snapshot: {users}. Delete those first.",
    )


class UnknownIndicator(Refusal):
    code = "unknown_indicator"
    text = Text(
        ar="لا يوجد هذا المؤشر. المقبول: {known}.",
        fr="Cet indicateur n'existe pas. Accepté : {known}.",
        en="There is no such indicator. Accepted: {known}.",
    )


class SameSnapshot(Refusal):
    code = "same_snapshot"
    text = Text(
        ar="اللقطتان واحدة. المقبول: لقطتان مختلفتان.",
        fr="C'est deux fois le même instantané. Accepté : deux instantanés différents.",
        en="These are one snapshot. Accepted: two different ones.",
    )
