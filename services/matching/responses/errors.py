"""What shock response refuses."""

from shared.errors import Refusal
from shared.text import Text


class TriggerDecided(Refusal):
    code, status = "trigger_decided", 409
    text = Text(
        ar="بُتّ في هذا المنبّه أو حلّ محله تحليل أحدث ({status}). المقبول: منبّه مقترح.",
        fr="Ce déclencheur est déjà tranché ou remplacé par une analyse plus récente ({status}). Accepté : un déclencheur proposé.",
        en="This trigger has been decided, or a newer analysis has replaced it ({status}). Accepted: a proposed trigger.",
    )


class OverrideWithoutReason(Refusal):
    code = "override_without_reason"
    text = Text(
        ar="المرحلة {phase} ليست ما تعطيه القاعدة ({rule_phase}). المقبول: المرحلة نفسها، أو مرحلة أخرى مع السبب.",
        fr="La phase {phase} n'est pas celle que donne la règle ({rule_phase}). Accepté : la même, ou une autre avec son motif.",
        en="Phase {phase} is not what the rule gives ({rule_phase}). Accepted: the same, or another one with its reason.",
    )


class AreaNotAnalyzed(Refusal):
    code = "area_not_analyzed"
    text = Text(
        ar="لا يذكر هذا التحليل المنطقة {area}. المقبول: منطقة من مناطقه.",
        fr="Cette analyse ne dit rien de la zone {area}. Accepté : une zone qu'elle contient.",
        en="This analysis says nothing of the area {area}. Accepted: an area that is in it.",
    )


class TriggerThere(Refusal):
    code, status = "trigger_there", 409
    text = Text(
        ar="لهذه المنطقة منبّه في هذا التحليل. المقبول: البتّ فيه.",
        fr="Cette zone a déjà un déclencheur dans cette analyse. Accepté : le trancher.",
        en="This area has a trigger in this analysis already. Accepted: to decide it.",
    )


class AnalysisReplaced(Refusal):
    code, status = "analysis_replaced", 409
    text = Text(
        ar="حلّت نسخة أحدث محل هذه النسخة من التحليل. المقبول: آخر نسخة.",
        fr="Une version plus récente remplace cette version de l'analyse. Accepté : la dernière.",
        en="A newer version has replaced this version of the analysis. Accepted: the last one.",
    )


class WilayaUnknown(Refusal):
    code = "wilaya_unknown"
    text = Text(
        ar="لا توجد ولاية بالرمز {wilaya}. المقبول: رمز ولاية، مثل MR01.",
        fr="Aucune wilaya ne porte le code {wilaya}. Accepté : le code d'une wilaya, comme MR01.",
        en="No wilaya has the code {wilaya}. Accepted: the code of a wilaya, such as MR01.",
    )
