"""The words of the screen in three languages, and how numbers, times and sizes are written in each."""

import re
from datetime import UTC, date, datetime, timedelta

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal

from shared.text import Language, Text

LOCALES: dict[Language, str] = {"ar": "ar_MR", "fr": "fr", "en": "en_GB"}
NUMBERS: dict[Language, str] = {"ar": "fr", "fr": "fr", "en": "en_GB"}
"""Thin spaces between thousands in Arabic too: the point of ar_MR (1.053) reads as a decimal on a screen of rates."""
LANGUAGE_NAMES: dict[Language, str] = {"ar": "العربية", "fr": "Français", "en": "English"}
DASH = "–"
MIB = 1 << 20
MANY = 10_000
"""More of a larger unit than anything here lasts, so that babel stays with the smaller one."""
NARROW_SPACE = "\u202f"
_FRENCH_SPACES = re.compile(r" (?=[:;!?»])|(?<=«) ")
"""French signs never begin a line."""

WORDS: dict[str, Text] = {
    "title": Text(ar="حالة المنصة", fr="État de la plateforme", en="State of the platform"),
    "skip": Text(ar="انتقل إلى الخلاصة", fr="Aller au verdict", en="Skip to the verdict"),
    "language": Text(ar="اللغة", fr="Langue", en="Language"),
    "api": Text(ar="توثيق الواجهة البرمجية", fr="Documentation de l'API", en="API documentation"),
    "who_called": Text(ar="من طلب ماذا", fr="Qui a demandé quoi", en="Who called what"),
    "sign_out": Text(ar="تسجيل الخروج", fr="Déconnexion", en="Sign out"),
    "pause": Text(ar="إيقاف التحديث", fr="Suspendre", en="Pause updates"),
    "resume": Text(ar="استئناف التحديث", fr="Reprendre", en="Resume updates"),
    "paused": Text(
        ar="التحديث موقوف: ما يلي صورة الساعة {time}.",
        fr="Mise à jour suspendue : image de {time}.",
        en="Updates are paused: this is the picture of {time}.",
    ),
    "silent": Text(
        ar="لا خبر من البوابة منذ الساعة {time}: ما يلي صورة قديمة وقد لا يكون صحيحًا الآن.",
        fr="Pas de nouvelles de la passerelle depuis {time} : ce qui suit est une image ancienne, peut-être fausse"
        " à présent.",
        en="No news from the gateway since {time}: what follows is an old picture and may no longer be true.",
    ),
    "ask_again": Text(ar="اسأل الآن", fr="Redemander", en="Ask again"),
    "no_script": Text(
        ar="لا يُحدَّث هذا العرض دون JavaScript: أعد تحميل الصفحة.",
        fr="Sans JavaScript cette page ne se met pas à jour : rechargez-la.",
        en="Without JavaScript this page does not update: reload it.",
    ),
    "age": Text(ar="عمر البيانات: {age}", fr="Données d'il y a {age}", en="Data {age} old"),
    "no_data": Text(ar="لا بيانات بعد", fr="Pas encore de données", en="No data yet"),
    "ok": Text(ar="سليمة", fr="Sain", en="Healthy"),
    "degraded": Text(ar="خدمة منقوصة", fr="Dégradé", en="Degraded"),
    "down": Text(ar="متوقفة", fr="À l'arrêt", en="Down"),
    "stale": Text(ar="بيانات قديمة", fr="Données anciennes", en="Stale data"),
    "more": Text(ar="أمور أخرى أدناه: {count}", fr="Autres points ci-dessous : {count}", en="{count} more below"),
    "ready_of": Text(ar="عمليات جاهزة", fr="Processus prêts", en="Processes ready"),
    "of": Text(ar="من {total}", fr="sur {total}", en="of {total}"),
    "waiting_events": Text(ar="أحداث في الانتظار", fr="Événements en attente", en="Events waiting"),
    "dead": Text(ar="أحداث متروكة", fr="Abandonnés", en="Dead letters"),
    "attention": Text(ar="ما يحتاج إلى تدخل", fr="À traiter", en="Needs attention"),
    "nothing": Text(ar="لا شيء يحتاج إلى تدخل.", fr="Rien ne demande d'intervention.", en="Nothing needs you now."),
    "impact": Text(ar="الأثر", fr="Conséquence", en="Impact"),
    "action": Text(ar="ما العمل", fr="Que faire", en="What to do"),
    "since": Text(ar="منذ {time}، أي {age}", fr="depuis {time}, soit {age}", en="since {time}, {age}"),
    "critical": Text(ar="حرج", fr="Critique", en="Critical"),
    "warning": Text(ar="تنبيه", fr="Alerte", en="Warning"),
    "note": Text(ar="للعلم", fr="À savoir", en="Note"),
    "topology": Text(ar="أجزاء المنصة", fr="Les parties de la plateforme", en="Parts of the platform"),
    "topology_about": Text(
        ar="رسم للطريق من المؤسسات إلى البوابة، فالخدمات، فناقل الأحداث NATS، فالمشتركين. الجدول التالي يقول الشيء نفسه.",
        fr="Schéma du chemin des institutions à la passerelle, aux services, à NATS et aux abonnés. Le tableau qui suit"
        " dit la même chose.",
        en="Drawing of the way from the institutions to the gateway, the services, NATS and the subscribers. The table"
        " below says the same.",
    ),
    "institutions": Text(ar="المؤسسات", fr="Institutions", en="Institutions"),
    "outside": Text(ar="أنظمتها هي", fr="leurs systèmes", en="their own systems"),
    "calls": Text(ar="طلبات", fr="appels", en="calls"),
    "services": Text(ar="الخدمات", fr="Services", en="Services"),
    "subscribers": Text(ar="المشتركون", fr="Abonnés", en="Subscribers"),
    "events": Text(ar="الأحداث", fr="Événements", en="Events"),
    "door": Text(ar="الباب", fr="Entrée", en="Door"),
    "database": Text(ar="قاعدة البيانات", fr="Base de données", en="Database"),
    "transport": Text(ar="ناقل الأحداث", fr="transport des événements", en="event transport"),
    "record": Text(ar="سجل كل تغيير", fr="mémoire de chaque changement", en="record of every change"),
    "ready": Text(ar="جاهزة", fr="prêt", en="ready"),
    "working": Text(ar="يعمل", fr="en marche", en="working"),
    "waits": Text(ar="في انتظار: {parts}", fr="attend : {parts}", en="waits for {parts}"),
    "no_answer": Text(ar="لا جواب", fr="sans réponse", en="no answer"),
    "unhealthy": Text(ar="غير سليم", fr="en mauvaise santé", en="unhealthy"),
    "slow": Text(ar="بطيئة", fr="lent", en="slow"),
    "up_to_date": Text(ar="لا تأخر", fr="à jour", en="up to date"),
    "stuck": Text(ar="متوقف", fr="bloqué", en="stuck"),
    "n_waiting": Text(ar="{count} في الانتظار", fr="{count} en attente", en="{count} waiting"),
    "rate": Text(ar="{rate} في الثانية", fr="{rate}/s", en="{rate}/s"),
    "process": Text(ar="العملية", fr="Processus", en="Process"),
    "state": Text(ar="الحالة", fr="État", en="State"),
    "answers_in": Text(ar="زمن الجواب", fr="Répond en", en="Answers in"),
    "database_in": Text(ar="قاعدة بياناتها", fr="Sa base", en="Its database"),
    "up": Text(ar="تعمل منذ", fr="Actif depuis", en="Up for"),
    "schema": Text(ar="المخطط", fr="Schéma", en="Schema"),
    "commit": Text(ar="الإصدار", fr="Version", en="Commit"),
    "flow": Text(ar="مسار الأحداث", fr="Flux des événements", en="Event flow"),
    "flow_about": Text(
        ar="ما دخل يجب أن يخرج. علامة الصح تعني أن الأعداد متطابقة.",
        fr="Ce qui entre doit sortir. La coche dit que les nombres s'accordent.",
        en="What goes in must come out. A tick says that the numbers agree.",
    ),
    "into": Text(ar="من الخدمات إلى NATS", fr="Des services vers NATS", en="From the services into NATS"),
    "into_rule": Text(
        ar="المسجَّل = المنشور + المنتظر",
        fr="enregistrés = publiés + en attente",
        en="recorded = published + waiting",
    ),
    "out_of": Text(ar="من NATS إلى المشتركين", fr="De NATS vers les abonnés", en="From NATS to the subscribers"),
    "out_rule": Text(
        ar="المنشور = المعالَج + المنتظر + غير المؤكَّد + المتروك",
        fr="publiés = traités + en attente + non confirmés + abandonnés",
        en="published = handled + pending + unacknowledged + dead",
    ),
    "service": Text(ar="الخدمة", fr="Service", en="Service"),
    "subscriber": Text(ar="المشترك", fr="Abonné", en="Subscriber"),
    "recorded": Text(ar="المسجَّل", fr="Enregistrés", en="Recorded"),
    "published": Text(ar="المنشور", fr="Publiés", en="Published"),
    "waiting": Text(ar="المنتظر", fr="En attente", en="Waiting"),
    "oldest": Text(ar="أقدم منتظر", fr="Plus ancien", en="Oldest"),
    "speed": Text(ar="في الثانية", fr="Par seconde", en="Per second"),
    "for_it": Text(ar="المنشور له", fr="Publiés pour lui", en="Published for it"),
    "handled": Text(ar="المعالَج", fr="Traités", en="Handled"),
    "pending": Text(ar="المنتظر", fr="En attente", en="Pending"),
    "unacknowledged": Text(ar="غير المؤكَّد", fr="Non confirmés", en="Unacknowledged"),
    "dead_column": Text(ar="المتروك", fr="Abandonnés", en="Dead"),
    "last": Text(ar="آخر معالجة", fr="Dernier traité", en="Last handled"),
    "balance": Text(ar="التطابق", fr="Accord", en="Balance"),
    "agrees": Text(ar="متطابق", fr="juste", en="agrees"),
    "moving": Text(ar="في حركة", fr="en mouvement", en="moving"),
    "repeated": Text(ar="{count} مكرر بلا أثر", fr="{count} répétés, sans effet", en="{count} repeated, no effect"),
    "missing": Text(ar="{count} مفقود", fr="{count} manquants", en="{count} missing"),
    "unknown": Text(ar="غير معروف الآن", fr="inconnu à présent", en="not known now"),
    "none_yet": Text(ar="لم يُعلَن أي حدث بعد.", fr="Aucun événement encore.", en="No event yet."),
    "published_rate": Text(ar="المنشور في الثانية", fr="Publiés par seconde", en="Published per second"),
    "handled_rate": Text(ar="المعالَج في الثانية", fr="Traités par seconde", en="Handled per second"),
    "most": Text(ar="الأعلى {value}", fr="maximum {value}", en="highest {value}"),
    "ago_15": Text(ar="قبل 15 دقيقة", fr="il y a 15 min", en="15 min ago"),
    "at_present": Text(ar="الآن", fr="maintenant", en="now"),
    "twin": Text(ar="الأعداد نفسها في جدول", fr="Les mêmes nombres en tableau", en="The same numbers as a table"),
    "minute": Text(ar="الدقيقة", fr="Minute", en="Minute"),
    "no_personal": Text(
        ar="لا بيانات شخصية في هذه الصفحة.",
        fr="Aucune donnée personnelle sur cette page.",
        en="No personal data on this page.",
    ),
    "utc": Text(
        ar="الساعات بتوقيت موريتانيا (التوقيت العالمي).",
        fr="Heures de Mauritanie (UTC).",
        en="Times are Mauritania's (UTC).",
    ),
}


class Writer:
    """Writes words, numbers and times in one language. `None` is written as a dash."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.direction = "rtl" if language == "ar" else "ltr"
        self._locale = LOCALES[language]

    def __call__(self, word: str, **values: object) -> str:
        text = self.text(WORDS[word])
        return text.format(**values) if values else text

    def text(self, text: Text) -> str:
        said = text.in_(self.language)
        return _FRENCH_SPACES.sub(NARROW_SPACE, said) if self.language == "fr" else said

    def number(self, value: float | None, digits: int = 0) -> str:
        if value is None:
            return DASH
        return format_decimal(round(value, digits), format="#,##0.###", locale=NUMBERS[self.language])

    def rate(self, value: float | None) -> str:
        """Events a second: one decimal below ten, so that a slow flow is not called none."""
        if value is None:
            return DASH
        return self.number(value, 1 if value < 10 else 0)

    def milliseconds(self, value: float | None) -> str:
        """Rounded so that the screen stays still while nothing happens."""
        if value is None:
            return DASH
        if value < 10:
            return self._isolated("< 10 ms")
        rounded = round(value, -1) if value < 1000 else round(value, -2)
        return self._isolated(f"{self.number(rounded)} ms")

    def size(self, value: int | None) -> str:
        if value is None:
            return DASH
        unit = {"fr": "Mio"}.get(self.language, "MiB")
        return self._isolated(f"{self.number(value / MIB, 1 if value < 10 * MIB else 0)} {unit}")

    def duration(self, value: timedelta | None) -> str:
        if value is None:
            return DASH
        return format_timedelta(max(value, timedelta()), locale=self._locale, threshold=1)

    def clock(self, at: datetime | None, seconds: bool = True) -> str:
        if at is None:
            return DASH
        return format_datetime(at.astimezone(UTC), "HH:mm:ss" if seconds else "HH:mm", locale=self._locale)

    def moment(self, at: datetime | None) -> str:
        """A day of about now, and the time of it."""
        if at is None:
            return DASH
        return format_datetime(at.astimezone(UTC), "d MMM HH:mm", locale=self._locale)

    def day(self, on: date) -> str:
        return format_date(on, "d MMM y", locale=self._locale)

    def days(self, count: int) -> str:
        """So many days, never told in weeks or months."""
        return format_timedelta(timedelta(days=count), granularity="day", threshold=MANY, locale=self._locale)

    def _isolated(self, text: str) -> str:
        return f"\u2066{text}\u2069" if self.language == "ar" else text
