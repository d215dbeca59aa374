"""What waits for a person: what it is called, whom it hurts, and who is to be told."""

from gateway.dashboard.runbook import Advice
from shared.text import Text

TO_DECIDE = Advice(
    Text(
        ar="ينتظر قرارًا لدى {process}: {kind} ({count}).",
        fr="En attente d'une décision dans « {process} » : {kind} ({count}).",
        en="Waiting for a decision in {process}: {kind} ({count}).",
    ),
    Text(
        ar="قد يكون ما يُستحق لهذه الأسر محجوزًا إلى أن يُتخذ القرار.",
        fr="Ce qui est dû à ces ménages peut être retenu jusqu'à la décision.",
        en="What falls due to these households may be held until somebody decides.",
    ),
    Text(
        ar="هذا شأن المؤسسة لا التقنية: ذكّر مسؤول البرنامج بها (‎/v1/reviews‎).",
        fr="C'est à l'institution, non à la technique : rappelez-les au responsable du programme (/v1/reviews).",
        en="This is the institution's, not a technical matter: remind the program's officer of them (/v1/reviews).",
    ),
)
WATCH = Advice(
    TO_DECIDE.what,
    Text(
        ar="لا يتوقف شيء، لكن بيانات أشخاص ربما قُرئت دون وجه حق.",
        fr="Rien ne s'arrête, mais des données de personnes ont pu être lues à tort.",
        en="Nothing stops, but data of people may have been read without good reason.",
    ),
    Text(
        ar="هذا شأن مسؤول حماية البيانات لا التقنية: أخبره به (‎/v1/reading-alerts و‎/v1/break-glass).",
        fr="C'est l'affaire du délégué à la protection des données, non de la technique : prévenez-le (/v1/reading-alerts,"
        " /v1/break-glass).",
        en="This is the data-protection officer's, not a technical matter: tell her (/v1/reading-alerts, /v1/break-glass).",
    ),
)
ERASE = Advice(
    TO_DECIDE.what,
    Text(
        ar="يبقى اسم من طلب المحو في السجل إلى أن يُتخذ القرار.",
        fr="Le nom dont l'effacement est demandé reste dans le journal jusqu'à la décision.",
        en="The name that is to be erased stays in the log until somebody decides.",
    ),
    Text(
        ar="يقرره شخص غير من طلبه: ذكّر مسؤول حماية البيانات به (‎/v1/erasures).",
        fr="Une autre personne que la demandeuse en décide : rappelez-le au délégué à la protection des données (/v1/erasures).",
        en="Somebody else than who asked decides it: remind the data-protection officer (/v1/erasures).",
    ),
)
TO_DECIDE_ADVICE: dict[str, Advice] = {
    "reading_alerts": WATCH,
    "break_glass_to_review": WATCH,
    "break_glass_overdue": WATCH,
    "erasures_to_decide": ERASE,
}
"""Where what waits is nobody's enrollment."""
OVERDUE = frozenset({"reading_alerts", "break_glass_overdue"})
"""What may not wait: it is told as a warning."""
TO_DECIDE_KINDS: dict[str, Text] = {
    "reading_alerts": Text(
        ar="قراءات غير معتادة لبيانات الأشخاص",
        fr="lectures inhabituelles de données",
        en="unusual reading of people's data",
    ),
    "break_glass_to_review": Text(
        ar="نفاذ استثنائي ينتظر المراجعة", fr="accès d'exception à examiner", en="break-glass to review"
    ),
    "break_glass_overdue": Text(
        ar="نفاذ استثنائي لم يراجع خلال 24 ساعة",
        fr="accès d'exception non examinés en 24 heures",
        en="break-glass not reviewed within 24 hours",
    ),
    "erasures_to_decide": Text(ar="طلبات محو من السجل", fr="effacements demandés", en="erasures asked for"),
    "reviews_open": Text(ar="مراجعات التسجيلات", fr="révisions d'inscriptions", en="reviews of enrollments"),
    "agreements_ending": Text(
        ar="اتفاقيات تنتهي خلال 30 يوما",
        fr="accords qui finissent dans les 30 jours",
        en="agreements ending within 30 days",
    ),
    "emergencies_to_review": Text(
        ar="اتفاقيات استعجالية تنتظر المراجعة", fr="accords d'urgence à revoir", en="emergency agreements to review"
    ),
    "agreements_to_approve": Text(
        ar="اتفاقيات موقعة تنتظر الموافقة", fr="accords signés à approuver", en="signed agreements to approve"
    ),
    "answers_held_back": Text(
        ar="أجوبة منعتها البوابة لأنها تتجاوز الاتفاقية",
        fr="réponses retenues, plus larges que l'accord",
        en="answers held back as wider than their agreement",
    ),
}
