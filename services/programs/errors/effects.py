"""What is refused about the effects of a list."""

from shared.errors import Refusal
from shared.text import Text


class EffectsNotCounted(Refusal):
    code, status = "effects_not_counted", 409
    text = Text(
        ar="لا تُحسب الآثار إلا للائحة مستفيدين فُحصت دون تطبيق (dry_run)، بعد انتهاء الفحص.",
        fr="Les effets ne sont comptés que pour une liste de bénéficiaires vérifiée sans être appliquée (dry_run), à la fin"
        " de la vérification.",
        en="Effects are counted only for a list of beneficiaries that was checked without being applied (dry_run), once the"
        " check has ended.",
    )
