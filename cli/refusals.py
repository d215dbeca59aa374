"""Why the platform did not start: one clear line per cause, with what to do, in three languages."""

from __future__ import annotations

from typing import Final

from shared.text import Text

TEXTS: Final[dict[str, Text]] = {
    "port_taken": Text(
        en="Port {port}, wanted by {name}, is taken. Stop the program that uses it, "
        "or choose another with --port (0: free ports).",
        fr="Le port {port}, voulu par {name}, est occupé. Arrêtez le programme qui l'utilise, "
        "ou choisissez-en un autre avec --port (0 : ports libres).",
        ar="المنفذ {port} الذي يحتاجه {name} مشغول. أوقفوا البرنامج الذي يستعمله، "
        "أو اختاروا منفذا آخر بالخيار --port (0: منافذ حرة).",
    ),
    "data_folder_denied": Text(
        en="The data folder {folder} cannot be written ({reason}). "
        "Give this account the right to it, or choose another with --data-dir.",
        fr="Le dossier de données {folder} n'est pas accessible en écriture ({reason}). "
        "Donnez-en le droit à ce compte, ou choisissez-en un autre avec --data-dir.",
        ar="لا يمكن الكتابة في مجلد البيانات {folder} ({reason}). "
        "امنحوا هذا الحساب الحق فيه، أو اختاروا مجلدا آخر بالخيار --data-dir.",
    ),
    "data_folder_busy": Text(
        en="The data folder {folder} is used by another running platform (process {pid}). "
        "Stop it first, or choose another folder with --data-dir.",
        fr="Le dossier de données {folder} est utilisé par une autre plateforme en marche (processus {pid}). "
        "Arrêtez-la d'abord, ou choisissez un autre dossier avec --data-dir.",
        ar="مجلد البيانات {folder} تستعمله منصة أخرى قيد التشغيل (العملية {pid}). "
        "أوقفوها أولا، أو اختاروا مجلدا آخر بالخيار --data-dir.",
    ),
    "disk_full": Text(
        en="Only {free} MiB are free on the disk of {folder}; {needed} MiB are needed. "
        "Free some space, or choose another disk with --data-dir.",
        fr="Il ne reste que {free} Mio libres sur le disque de {folder} ; il en faut {needed}. "
        "Libérez de la place, ou choisissez un autre disque avec --data-dir.",
        ar="لم يبق سوى {free} ميبيبايت على قرص {folder} والمطلوب {needed}. "
        "أفرغوا بعض المساحة، أو اختاروا قرصا آخر بالخيار --data-dir.",
    ),
    "institution_wrong": Text(
        en="The institution's catalog {file} is wrong ({reason}). Correct it, then start again.",
        fr="Le catalogue d'institution {file} est faux ({reason}). Corrigez-le, puis relancez.",
        ar="فهرس المؤسسة {file} غير صالح ({reason}). صححوه ثم أعيدوا التشغيل.",
    ),
    "no_account": Text(
        en="PostgreSQL refuses to run as root and the account {account} does not exist here. "
        "Create it, or start the platform as an ordinary user.",
        fr="PostgreSQL refuse de tourner en root et le compte {account} n'existe pas ici. "
        "Créez-le, ou démarrez la plateforme avec un compte ordinaire.",
        ar="يرفض PostgreSQL العمل بحساب root والحساب {account} غير موجود هنا. أنشئوه، أو شغلوا المنصة بحساب عادي.",
    ),
    "postgres_missing": Text(
        en="No usable PostgreSQL in {folder} ({reason}). Run 'make setup' again, "
        "or point TEKAMOUL_POSTGRES_BIN at a folder that holds postgres and initdb.",
        fr="Pas de PostgreSQL utilisable dans {folder} ({reason}). Relancez « make setup », "
        "ou indiquez dans TEKAMOUL_POSTGRES_BIN un dossier qui contient postgres et initdb.",
        ar="لا يوجد PostgreSQL صالح في {folder} ({reason}). أعيدوا تشغيل 'make setup'، "
        "أو اجعلوا TEKAMOUL_POSTGRES_BIN يشير إلى مجلد فيه postgres و initdb.",
    ),
    "postgres_data_missing": Text(
        en="{link} points to {target}, which is gone. Put the database folder back, "
        "or remove {link} to start with an empty database.",
        fr="{link} pointe vers {target}, qui a disparu. Remettez le dossier de la base, "
        "ou supprimez {link} pour repartir d'une base vide.",
        ar="يشير {link} إلى {target} وقد اختفى. أعيدوا مجلد قاعدة البيانات، أو احذفوا {link} للبدء بقاعدة فارغة.",
    ),
    "postgres_other_version": Text(
        en="The data in {folder} was written by PostgreSQL {found}; this is PostgreSQL {running}. "
        "Point TEKAMOUL_POSTGRES_BIN at PostgreSQL {found}, or choose another folder with --data-dir.",
        fr="Les données de {folder} ont été écrites par PostgreSQL {found} ; celui-ci est le {running}. "
        "Indiquez PostgreSQL {found} dans TEKAMOUL_POSTGRES_BIN, ou un autre dossier avec --data-dir.",
        ar="كتب PostgreSQL {found} البيانات الموجودة في {folder}، وهذا PostgreSQL {running}. "
        "اجعلوا TEKAMOUL_POSTGRES_BIN يشير إلى PostgreSQL {found}، أو اختاروا مجلدا آخر بالخيار --data-dir.",
    ),
    "postgres_failed": Text(
        en="PostgreSQL cannot start: {line}. The whole story is in {log}.",
        fr="PostgreSQL ne peut pas démarrer : {line}. Le détail est dans {log}.",
        ar="تعذر تشغيل PostgreSQL: {line}. التفاصيل في {log}.",
    ),
    "nats_missing": Text(
        en="The NATS server program was not found ({reason}). "
        "Run 'make setup' again, or point TEKAMOUL_NATS_SERVER at it.",
        fr="Le programme du serveur NATS est introuvable ({reason}). "
        "Relancez « make setup », ou indiquez-le dans TEKAMOUL_NATS_SERVER.",
        ar="لم يعثر على برنامج خادم NATS ({reason}). "
        "أعيدوا تشغيل 'make setup'، أو اجعلوا TEKAMOUL_NATS_SERVER يشير إليه.",
    ),
    "nats_failed": Text(
        en="NATS cannot start: {line}. The whole story is in {log}.",
        fr="NATS ne peut pas démarrer : {line}. Le détail est dans {log}.",
        ar="تعذر تشغيل NATS: {line}. التفاصيل في {log}.",
    ),
    "migration_failed": Text(
        en="The databases could not be brought up to date: {line}. The whole story is in {log}.",
        fr="Les bases n'ont pas pu être mises à jour : {line}. Le détail est dans {log}.",
        ar="تعذر تحديث قواعد البيانات: {line}. التفاصيل في {log}.",
    ),
    "process_failed": Text(
        en="{name} cannot start: {line}. The whole story is in {log}.",
        fr="{name} ne peut pas démarrer : {line}. Le détail est dans {log}.",
        ar="تعذر تشغيل {name}: {line}. التفاصيل في {log}.",
    ),
    "process_not_ready": Text(
        en="{name} runs but was not ready after {seconds} s. The whole story is in {log}.",
        fr="{name} tourne mais n'était pas prêt après {seconds} s. Le détail est dans {log}.",
        ar="العملية {name} تعمل لكنها لم تجهز بعد {seconds} ثانية. التفاصيل في {log}.",
    ),
}


class StartRefused(Exception):
    """The platform did not start. `code` is stable; `text` is the line for the operator."""

    def __init__(self, code: str, **values: object) -> None:
        self.code = code
        self.values = values
        self.text = TEXTS[code].format(**values)
        super().__init__(self.text.en)
