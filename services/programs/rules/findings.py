"""What a line of a delivery report does not agree with, and what is said of it.

What happened is recorded with its finding, a warning: money handed over to somebody who had left was handed over. What
cannot be true, or cannot be laid to anybody's account, is an error, and its line is kept out.
"""

from collections.abc import Mapping

from shared.text import Text

WARNINGS: Mapping[str, Text] = {
    "double": Text(
        ar="سُلِّم كل ما استُحق من قبل؛ هذا تسليم ثان",
        fr="tout ce qui était dû a déjà été remis ; ceci est une seconde remise",
        en="all that was due has been handed over before; this is a second delivery",
    ),
    "over_ceiling": Text(
        ar="سُلِّم أكثر من المستحق الباقي ({remaining})",
        fr="plus que ce qui restait dû ({remaining}) a été remis",
        en="more was handed over than remained due ({remaining})",
    ),
    "less_than_due": Text(
        ar="سُلِّم أقل من المستحق الباقي ({remaining})",
        fr="moins que ce qui restait dû ({remaining}) a été remis",
        en="less was handed over than remained due ({remaining})",
    ),
    "late": Text(
        ar="تسليم بعد آخر يوم مقرر ({late_after})",
        fr="remise après le dernier jour prévu ({late_after})",
        en="delivered after the last day foreseen ({late_after})",
    ),
    "not_due": Text(
        ar="لا استحقاق لهذا المستفيد في هذا اليوم",
        fr="rien n'est dû à ce bénéficiaire ce jour-là",
        en="nothing is due to this beneficiary on this day",
    ),
    "held": Text(
        ar="سُلِّم مع أن الاستحقاق محجوز",
        fr="remis alors que le droit est retenu",
        en="handed over although the entitlement is held",
    ),
    "before_enrollment": Text(
        ar="تسليم قبل يوم التسجيل ({enrolled_on})",
        fr="remise avant le jour de l'inscription ({enrolled_on})",
        en="delivered before the day of enrollment ({enrolled_on})",
    ),
    "after_exit": Text(
        ar="تسليم بعد الخروج من البرنامج ({exited_on})",
        fr="remise après la sortie du programme ({exited_on})",
        en="delivered after the exit from the program ({exited_on})",
    ),
    "not_a_school_day": Text(
        ar="هذا اليوم ليس يوما دراسيا",
        fr="ce jour n'est pas un jour d'école",
        en="this is not a school day",
    ),
    "more_meals_than_pupils": Text(
        ar="عدد الوجبات يفوق عدد تلاميذ المدرسة المسجلين ({pupils})",
        fr="plus de repas que d'élèves inscrits dans l'école ({pupils})",
        en="more meals than pupils enrolled at the school ({pupils})",
    ),
}
ERRORS: Mapping[str, Text] = {
    "wrong_unit": Text(
        ar="المبلغ عشرة أضعاف المستحق أو عُشره ({due} أوقية جديدة)؛ الوحدة المصرَّح بها هي {unit}. لم يُسجَّل السطر؛ يُرجى التحقق من الوحدة وإعادة إرسال الملف",
        fr="le montant est dix fois ce qui est dû, ou son dixième ({due} MRU) ; l'unité déclarée est {unit}. La ligne n'est pas enregistrée ; vérifier l'unité et renvoyer le fichier",
        en="the amount is ten times what is due, or a tenth of it ({due} MRU); the declared unit is {unit}. The line is not recorded; verify the unit and send the file again",
    ),
    "unknown_beneficiary": Text(
        ar="لا أحد مسجل في هذا البرنامج بهذا الرقم؛ مستفيدو برنامج آخر أو مؤسسة أخرى يُرسلون في ملفهم",
        fr="personne n'est inscrit à ce programme sous ce numéro ; les bénéficiaires d'un autre programme ou d'une autre institution vont dans leur propre fichier",
        en="nobody is enrolled in this program under this number; beneficiaries of another program or institution go into their own file",
    ),
    "other_program_beneficiary": Text(
        ar="هذا الرقم مسجل عندكم في برنامج آخر، لا في هذا؛ يُرسل في ملف ذلك البرنامج",
        fr="ce numéro est inscrit chez vous à un autre programme, non à celui-ci ; il va dans le fichier de cet autre programme",
        en="this number is enrolled with you in another program, not in this one; it goes into that program's file",
    ),
    "beneficiary_ambiguous": Text(
        ar="هذا الرقم يخص أكثر من مسجل واحد في البرنامج؛ المقبول: رقم الأسرة أو معرّف التسجيل",
        fr="ce numéro désigne plus d'un inscrit du programme ; accepté : le n° ménage ou l'identifiant d'inscription",
        en="this number belongs to more than one enrollment of the program; accepted: the household number or the enrollment id",
    ),
    "phone_shared": Text(
        ar="هذا الهاتف ليس لمستفيد واحد وحده، ولا يُعرف به أحد دون رقم آخر؛ المقبول: رقم الأسرة أو رقم البطاقة أو رقم التعريف الوطني أو معرّف التسجيل",
        fr="ce téléphone n'est pas celui d'un seul bénéficiaire ; seul, il ne désigne personne. Accepté : n° ménage, n° carte, NNI ou identifiant d'inscription",
        en="this phone is not one beneficiary's alone, and by itself names nobody; accepted: household number, card number, national id or enrollment id",
    ),
    "unknown_school": Text(
        ar="لا تُعرف مدرسة بهذا الاسم في هذه البلدية، ولا تلاميذ مسجلون فيها",
        fr="aucune école de ce nom n'est connue dans cette commune, ni aucun élève inscrit",
        en="no school of this name is known in this commune, and no pupil is enrolled there",
    ),
    "school_wanted": Text(
        ar="تُسجل الوجبات بالمدرسة واليوم، ولا يذكر هذا السطر مدرسة؛ المقبول: المدرسة وبلديتها كما في قائمة التلاميذ",
        fr="les repas s'enregistrent par école et par jour, et cette ligne ne nomme aucune école ; accepté : l'école et sa commune,"
        " comme dans la liste des élèves",
        en="meals are recorded by school and day, and this line names no school; accepted: the school and its commune, as in the"
        " list of pupils",
    ),
    "unknown_good": Text(
        ar="هذه السلعة ليست في حصة البرنامج؛ المقبول: {accepted}",
        fr="ce produit n'est pas dans la dotation du programme ; accepté : {accepted}",
        en="this good is not in the program's quota; accepted: {accepted}",
    ),
    "reference_reused": Text(
        ar="هذا المرجع مستعمل من قبل لتسليم آخر؛ المقبول: مرجع جديد، أو ملف مصحح يحل محل السابق",
        fr="cette référence a déjà servi pour une autre remise ; accepté : une référence nouvelle, ou un fichier qui corrige le précédent",
        en="this reference was used before for another delivery; accepted: a new reference, or a file that corrects the earlier one",
    ),
    "another_program": Text(
        ar="السطر يذكر برنامجا آخر غير برنامج الملف؛ المقبول: {program}",
        fr="la ligne nomme un autre programme que celui du fichier ; accepté : {program}",
        en="the line names another program than the file's; accepted: {program}",
    ),
    "day_in_future": Text(
        ar="يوم التسليم في المستقبل؛ المقبول: يوم لا يتجاوز {latest}",
        fr="le jour de la remise est dans le futur ; accepté : un jour jusqu'au {latest}",
        en="the day of the delivery is in the future; accepted: a day up to {latest}",
    ),
    "nobody_named": Text(
        ar="السطر لا يذكر أحدا؛ المقبول: رقم الأسرة أو رقم البطاقة أو رقم التعريف الوطني أو معرّف التسجيل، أو هاتف ليس لغيره",
        fr="la ligne ne désigne personne ; accepté : n° ménage, n° carte, NNI, identifiant d'inscription, ou un téléphone qui n'est à personne d'autre",
        en="the line names nobody; accepted: household number, card number, national id, enrollment id, or a phone that is nobody else's",
    ),
    "nothing_delivered": Text(
        ar="السطر لا يذكر ما سُلِّم؛ المقبول: مبلغ أو كمية",
        fr="la ligne ne dit pas ce qui a été remis ; accepté : un montant ou une quantité",
        en="the line does not say what was handed over; accepted: an amount or a quantity",
    ),
}
UNKNOWN = frozenset({"unknown_beneficiary", "other_program_beneficiary", "unknown_school"})
"""Errors that say that the line is about nobody of the program."""
