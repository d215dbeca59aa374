"""Why a connection to an institution's own system cannot start, or failed last time."""

from shared.errors import Refusal
from shared.text import Text


class ConnectionsNotUsable(Refusal):
    """The process does not start with such a file."""

    code, status = "connections_not_usable", 500
    text = Text(
        ar="ملف الاتصالات {file}: المفتاح {key} غير صالح ({reason}). صححه ثم أعد التشغيل.",
        fr="Fichier des connexions {file} : la clé {key} est fausse ({reason}). Corrigez-la, puis relancez.",
        en="Connections file {file}: the key {key} is wrong ({reason}). Correct it, then start again.",
    )

    def __str__(self) -> str:
        return self.detail.en


class FolderUnreachable(Refusal):
    code, status = "folder_unreachable", 503
    text = Text(
        ar="تعذر استعمال المجلد ({reason}). تحققوا من وجوده ومن صلاحية القراءة والكتابة فيه.",
        fr="Le dossier n'est pas utilisable ({reason}). Vérifiez qu'il existe, et le droit d'y lire et d'y écrire.",
        en="The folder cannot be used ({reason}). See that it exists and may be read and written.",
    )


class SourceUnreachable(Refusal):
    code, status = "source_unreachable", 503
    text = Text(
        ar="قاعدة بيانات المؤسسة لا تجيب أو ترفض الدخول ({reason}). ستُعاد المحاولة.",
        fr="La base de l'institution ne répond pas, ou refuse l'accès ({reason}). Un nouvel essai suivra.",
        en="The institution's database does not answer, or refuses access ({reason}). It will be tried again.",
    )


class QueryFailed(Refusal):
    code, status = "query_failed", 503
    text = Text(
        ar="رفضت قاعدة بيانات المؤسسة الاستعلام أو تجاوز وقته ({reason}). راجعوا الاستعلام في ملف الاتصالات.",
        fr="La base de l'institution refuse la requête, ou dépasse son délai ({reason}). Voyez la requête du fichier des"
        " connexions.",
        en="The institution's database refuses the query, or takes too long ({reason}). See the query in the connections"
        " file.",
    )


class CursorNotUsable(Refusal):
    code, status = "cursor_not_usable", 503
    text = Text(
        ar="العمود «{column}» لا يصلح لمتابعة السحب: يلزم أن يكون في النتيجة، بلا خانات فارغة، وبترتيب تصاعدي.",
        fr="La colonne « {column} » ne permet pas de reprendre : il la faut dans le résultat, sans vide, en ordre croissant.",
        en="The column “{column}” does not let a pull go on: it must be in the result, never empty, in rising order.",
    )


class CursorTied(Refusal):
    code, status = "cursor_tied", 503
    text = Text(
        ar="أكثر من {most} سطر تحمل القيمة نفسها في العمود «{column}»، فلا يُعرف أين يُستأنف السحب. زيدوا most_rows أو غيّروا العمود.",
        fr="Plus de {most} lignes ont la même valeur en « {column} » : on ne sait où reprendre. Augmentez most_rows, ou changez"
        " de colonne.",
        en="More than {most} rows have the same value in “{column}”, so that nobody knows where to go on. Raise most_rows, or"
        " choose another column.",
    )
