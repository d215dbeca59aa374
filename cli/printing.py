"""The report in the terminal, in the reader's language."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from babel.numbers import format_decimal, format_percent
from rich.console import Console
from rich.table import Table
from rich.text import Text as RichText

from cli.main_job import Loaded
from cli.report import Heard, Quality, Report, overall
from shared.text import Text

WORDS = {
    "files": Text(ar="الملفات المستلمة", fr="Fichiers reçus", en="Files received"),
    "file": Text(ar="الملف", fr="Fichier", en="File"),
    "accepted": Text(ar="مقبول", fr="Acceptées", en="Accepted"),
    "unchanged": Text(ar="بلا تغيير", fr="Inchangées", en="Unchanged"),
    "rejected": Text(ar="مرفوض", fr="Refusées", en="Rejected"),
    "warnings": Text(ar="تنبيهات", fr="Avertissements", en="Warnings"),
    "linkage": Text(ar="الربط بالسجل الاجتماعي", fr="Liens avec le Registre social", en="Links to the Social Registry"),
    "program": Text(ar="البرنامج", fr="Programme", en="Program"),
    "enrolled": Text(ar="مسجَّل", fr="Inscrits", en="Enrolled"),
    "linked": Text(ar="مربوط", fr="Liés", en="Linked"),
    "to_adjudicate": Text(ar="للبتّ", fr="À trancher", en="To adjudicate"),
    "unmatched": Text(ar="غير موجود", fr="Sans lien", en="Unmatched"),
    "precision": Text(ar="الدقة", fr="Précision", en="Precision"),
    "recall": Text(ar="الاستدعاء", fr="Rappel", en="Recall"),
    "all": Text(ar="الكل", fr="Ensemble", en="All"),
    "truth": Text(
        ar="الدقة والاستدعاء مقيسان على الحقيقة المعروفة لمولّد البلد التجريبي.",
        fr="Précision et rappel mesurés sur la vérité connue du générateur du pays d'essai.",
        en="Precision and recall measured against the sample generator's known truth.",
    ),
    "overlaps": Text(
        ar="تقاطع البرامج (أسر السجل المستفيدة من البرنامجين)",
        fr="Recoupement des programmes (ménages du registre servis par les deux)",
        en="Overlap of programs (registry households served by both)",
    ),
    "first_snapshot": Text(
        ar="اللقطة الأولى: بلاد العينة",
        fr="Premier instantané : le pays d'exemple",
        en="First snapshot: the sample country",
    ),
    "snapshot": Text(
        ar="تُحسب المؤشرات: ‎/matching/v1/snapshots/{id}/indicators‎",
        fr="Les indicateurs se calculent : /matching/v1/snapshots/{id}/indicators",
        en="Indicators are being computed: /matching/v1/snapshots/{id}/indicators",
    ),
    "gaps": Text(
        ar="أكبر الفجوات حسب الولاية (أسر مستهدفة لا يصلها البرنامج)",
        fr="Plus grandes lacunes par wilaya (ménages visés que le programme n'atteint pas)",
        en="Largest gaps by wilaya (households the program is meant for and does not reach)",
    ),
    "wilaya": Text(ar="الولاية", fr="Wilaya", en="Wilaya"),
    "eligible": Text(ar="مستهدفة", fr="Visés", en="Eligible"),
    "unserved": Text(ar="غير مشمولة", fr="Non servis", en="Unserved"),
    "share": Text(ar="النسبة", fr="Part", en="Share"),
    "values": Text(
        ar="القيمة المستلمة في شهر تعطي فيه كل البرامج: ثلاث أسر مثالا (أوقية جديدة)",
        fr="Valeur reçue en un mois où tout est versé : trois ménages en exemple (MRU)",
        en="Value received in a month in which every program gives: three example households (MRU)",
    ),
    "household": Text(ar="الأسرة", fr="Ménage", en="Household"),
    "size": Text(ar="الأفراد", fr="Personnes", en="People"),
    "received": Text(ar="ما يصلها", fr="Reçoit", en="Receives"),
    "total": Text(ar="المجموع", fr="Total", en="Total"),
    "feed": Text(
        ar="ما وصل المشتركين (تغيرات التسجيل التي يشملها اتفاق كل منهم)",
        fr="Reçu par les abonnés (changements d'inscription couverts par leur accord)",
        en="What subscribers received (enrollment changes their agreement covers)",
    ),
    "subscriber": Text(ar="المشترك", fr="Abonné", en="Subscriber"),
    "changes": Text(ar="التغيرات", fr="Changements", en="Changes"),
    "dashboard": Text(ar="لوحة المتابعة", fr="Tableau de bord", en="Dashboard"),
    "docs": Text(ar="وثائق الواجهة", fr="Documentation de l'API", en="API documentation"),
    "credentials": Text(ar="بيانات دخول الشركاء", fr="Identifiants des partenaires", en="Partners' credentials"),
    "operator": Text(ar="دخول مشغّل لوحة المتابعة", fr="Connexion au tableau de bord", en="Dashboard sign-in"),
    "stop": Text(
        ar="المنصة تعمل. اضغط Ctrl-C لإيقافها.",
        fr="La plateforme fonctionne. Ctrl-C l'arrête.",
        en="The platform is up. Ctrl-C stops it.",
    ),
    "loading": Text(ar="تحميل {what}", fr="Chargement {what}", en="Loading {what}"),
    "households": Text(ar="الأسر", fr="des ménages", en="households"),
    "linking": Text(ar="الربط جارٍ", fr="Liaison en cours", en="Linking"),
    "generating": Text(
        ar="إنشاء البلد التجريبي: {count} أسرة",
        fr="Création du pays d'essai : {count} ménages",
        en="Making the sample country: {count} households",
    ),
    "known": Text(
        ar="البيانات محمّلة من قبل؛ لا يعاد تحميلها.",
        fr="Les données sont déjà chargées ; rien n'est rechargé.",
        en="The data are already loaded; nothing is loaded twice.",
    ),
    "seconds": Text(
        ar="تم العمل كله في {seconds} ثانية بعد الجاهزية.",
        fr="Travail principal accompli {seconds} s après la mise en service.",
        en="The main job took {seconds} s after ready.",
    ),
}


def refused(console: Console, line: str) -> int:
    """Say why a command did not do its work; returns its exit status."""
    console.print(RichText(line, style="bold red"), soft_wrap=True)
    return 1


class Printer:
    """Prints in one language; numbers as that language writes them."""

    def __init__(self, console: Console, language: str) -> None:
        self._console, self._language = console, language
        self._locale = {"ar": "ar_MR", "en": "en_GB"}.get(language, "fr_FR")

    def word(self, name: str, **values: object) -> str:
        text = WORDS[name]
        return (text.format(**values) if values else text).in_(self._language)

    def say(self, name: str, **values: object) -> None:
        self._console.print(self.word(name, **values))

    def number(self, value: int | Decimal | float | None) -> str:
        return "–" if value is None else format_decimal(value, locale=self._locale)

    def percent(self, value: float | None) -> str:
        return "–" if value is None else format_percent(value, format="0.0 %", locale=self._locale)

    def table(self, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1) -> None:
        """A table whose first `words` columns hold words, the others numbers."""
        table = Table(title=self.word(title), title_justify="left", title_style="bold", header_style="bold")
        for at, column in enumerate(columns):
            table.add_column(
                self.word(column) if column in WORDS else column,
                justify="left" if at < words else "right",
                overflow="fold",
            )
        for row in rows:
            table.add_row(*row)
        self._console.print(table)
        self._console.print()

    def files(self, loaded: Sequence[Loaded]) -> None:
        self.table(
            "files",
            ("file", "accepted", "unchanged", "rejected", "warnings"),
            (
                (one.file, *(self.number(count) for count in (one.accepted, one.unchanged, one.rejected, one.warnings)))
                for one in loaded
            ),
        )

    def report(self, report: Report) -> None:
        self._linkage(report)
        self._overlaps(report)
        self._gaps(report)
        self._examples(report)
        self._feed(report.heard)

    def _name(self, report: Report, program: str) -> str:
        names: dict[str, str] = next((one["names"] for one in report.linkage if one["program"] == program), {})
        return str(names.get(self._language) or program)

    def _linkage(self, report: Report) -> None:
        quality = {one.program: one for one in report.quality}
        counted = ("enrolled", "linked", "to_adjudicate", "unmatched")
        rows = [
            (
                self._name(report, one["program"]),
                *(self.number(one[name]) for name in counted),
                *self._shares(quality.get(one["program"])),
            )
            for one in report.linkage
        ]
        sums = (self.number(sum(one[name] for one in report.linkage)) for name in counted)
        rows.append((self.word("all"), *sums, *self._shares(overall(report.quality))))
        self.table("linkage", ("program", *counted, "precision", "recall"), rows)
        self.say("truth")
        self._console.print()

    def _shares(self, quality: Quality | None) -> tuple[str, str]:
        return (self.percent(quality.precision), self.percent(quality.recall)) if quality else ("–", "–")

    def _overlaps(self, report: Report) -> None:
        programs = report.overlaps["programs"]
        below = report.overlaps["suppressed_below"]
        cells = {(c["program_a"], c["program_b"]): c.get("count") for c in report.overlaps["cells"]}

        def shown(a: str, b: str) -> str:
            count = cells[min(a, b), max(a, b)]
            return f"<{below}" if count is None else self.number(count)

        numbers = [str(at) for at in range(1, len(programs) + 1)]
        rows = [
            (f"{at}. {self._name(report, a)}", *(shown(a, b) for b in programs))
            for at, a in enumerate(programs, start=1)
        ]
        self.table("overlaps", ("program", *numbers), rows)

    def _gaps(self, report: Report) -> None:
        wilaya = "wilaya_ar" if self._language == "ar" else "wilaya_fr"
        rows = (
            (
                self._name(report, one["program"]),
                one[wilaya] or one["wilaya_fr"],
                self.number(one["eligible"]),
                self.number(one["unserved"]),
                self.percent(one["share"]),
            )
            for one in report.gaps
        )
        self.table("gaps", ("program", "wilaya", "eligible", "unserved", "share"), rows, words=2)

    def _examples(self, report: Report) -> None:
        rows = (
            (
                one["number"],
                " + ".join(
                    f"{self._name(report, p['program'])} {self.number(Decimal(p['monthly_value_mru']))}"
                    for p in one["programs"]
                ),
                self.number(one["size"]),
                self.number(Decimal(one["monthly_value_mru"])),
            )
            for one in report.examples
        )
        self.table("values", ("household", "received", "size", "total"), rows, words=2)

    def _feed(self, heard: Sequence[Heard]) -> None:
        rows = (
            (one.partner.upper(), ", ".join(sorted(one.changes)), self.number(sum(one.changes.values())))
            for one in heard
        )
        self.table("feed", ("subscriber", "program", "changes"), rows, words=2)
