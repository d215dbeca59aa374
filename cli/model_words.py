"""What is said of models, in three languages."""

from collections.abc import Mapping
from typing import Any, Final

from shared.text import Text

WORDS: Final[dict[str, Text]] = {
    "trained": Text(
        ar="تُعُلِّم النموذج وحُفظ في {out}. أزواج تعلم منها: {learned}.",
        fr="Modèle appris, enregistré dans {out}. Paires dont il a appris : {learned}.",
        en="The model was learned and is in {out}. Pairs that it learned from: {learned}.",
    ),
    "judged": Text(
        ar="عند عتبة الربط: دقة الربط {precision}، شموليته {recall}؛ مع ما يُعرض على شخص: {asked}. الكلفة لكل 1000 سطر: {cost}.",
        fr="Au seuil de lien : précision {precision}, rappel {recall} ; avec ce qu'une personne voit : {asked}."
        " Coût pour 1 000 lignes : {cost}.",
        en="At the threshold of links: precision {precision}, recall {recall}; with what a person is asked: {asked}."
        " Cost per 1,000 rows: {cost}.",
    ),
    "written": Text(ar="التقرير في {out}.", fr="Rapport dans {out}.", en="The report is in {out}."),
    "none_worse": Text(
        ar="لا مجموعة تُخدم أسوأ بوضوح من سائر القائمة.",
        fr="Aucun groupe n'est nettement moins bien servi que le reste de la liste.",
        en="No group is served clearly worse than the rest of the list.",
    ),
    "worse": Text(
        ar="مجموعات تُخدم أسوأ بوضوح: {groups}.",
        fr="Groupes nettement moins bien servis : {groups}.",
        en="Groups served clearly worse: {groups}.",
    ),
    "not_judged": Text(
        ar="لم يُقيَّم لغياب أزواج معروفة: {units}.",
        fr="Sans paires connues, pas jugé : {units}.",
        en="Not judged, for want of known pairs: {units}.",
    ),
    "household": Text(
        ar="ما يضيفه آخرون من الأسرة نفسها في القائمة ({unit}): {agrees}؛ وإن دلّ عليها هاتف: {agrees_told}.",
        fr="Ce qu'ajoutent d'autres du même ménage dans la liste ({unit}) : {agrees} ; là où un téléphone le disait : {agrees_told}.",
        en="What others of the household in the list add ({unit}): {agrees}; where a phone told already: {agrees_told}.",
    ),
    "bits_learned": Text(
        ar="{bits} بت (من {pairs} زوجا)",
        fr="{bits} bits (appris de {pairs} paires)",
        en="{bits} bits (learned from {pairs} pairs)",
    ),
    "bits_stated": Text(
        ar="{bits} بت (قيمة مقررة: {pairs} زوجا لا تكفي)",
        fr="{bits} bits (fixés : trop peu de paires, {pairs})",
        en="{bits} bits (stated: too few pairs, {pairs})",
    ),
    "one_worse": Text(
        ar="{group} ({measure} {value} مقابل {rest})",
        fr="{group} ({measure} {value} contre {rest})",
        en="{group} ({measure} {value} against {rest})",
    ),
    "called_twice": Text(
        ar="الرقم {id} لسجلين: يجب أن يكون {column} فريدا في القائمة. اذكر record_id في ملف المطابقة.",
        fr="Deux enregistrements s'appellent {id} : {column} doit être unique. Indiquez record_id dans la correspondance.",
        en="Two records are called {id}: {column} must be unique in its list. Name record_id in the mapping.",
    ),
    "not_in_lists": Text(
        ar="{file}: {count} من قيم {column} ليست في القائمة، أولها {id}.",
        fr="{file} : {count} valeurs de {column} ne sont pas dans la liste, dont {id}.",
        en="{file}: {count} values of {column} are not in the list, the first {id}.",
    ),
    "no_truth": Text(
        ar="{file} لا يحوي أي زوج. أعمدته: left_id و right_id.",
        fr="{file} ne contient aucune paire. Ses colonnes : left_id, right_id.",
        en="{file} holds no pair. Its columns: left_id, right_id.",
    ),
    "side_by_side": Text(
        ar="{first} مقابل {other}: {differently} زوجا يُقرَّر بشكل مختلف؛ أسطر أصاب فيها الأول وحده {first_only}، والثاني وحده"
        " {other_only} (ماكنمار، p = {p}).",
        fr="{first} face à {other} : {differently} paires décidées autrement ; lignes justes du premier seul {first_only},"
        " du second seul {other_only} (McNemar, p = {p}).",
        en="{first} beside {other}: {differently} pairs decided differently; rows right by the first alone {first_only},"
        " by the other alone {other_only} (McNemar, p = {p}).",
    ),
    "title": Text(ar="تقرير نموذج الربط", fr="Rapport d'un modèle d'appariement", en="Report of a linkage model"),
    "model": Text(ar="النموذج", fr="Modèle", en="Model"),
    "rows": Text(ar="الأسطر", fr="Lignes", en="Rows"),
    "true_pairs": Text(ar="الأزواج الصحيحة", fr="Paires vraies", en="True pairs"),
    "reached": Text(ar="منها ما وُجد", fr="Dont rencontrées", en="Of them met"),
    "thresholds": Text(ar="عند العتبتين", fr="Aux deux seuils", en="At the two thresholds"),
    "at_link": Text(ar="الربط", fr="Lien", en="Link"),
    "at_ask": Text(ar="الربط أو سؤال شخص", fr="Lien ou question", en="Link or ask"),
    "from": Text(ar="من الاحتمال", fr="Dès la probabilité", en="From probability"),
    "precision": Text(ar="دقة الربط", fr="Précision", en="Precision"),
    "recall": Text(ar="شمولية الربط", fr="Rappel", en="Recall"),
    "recall_asked": Text(ar="شمولية الربط مع السؤال", fr="Rappel avec questions", en="Recall with questions"),
    "f1": Text(ar="F1", fr="F1", en="F1"),
    "costs": Text(ar="الكلفة", fr="Coûts", en="Costs"),
    "false_links": Text(ar="روابط خاطئة (33)", fr="Faux liens (33)", en="False links (33)"),
    "missed": Text(ar="فائتة (3.3)", fr="Manquées (3,3)", en="Missed (3.3)"),
    "reviews": Text(ar="نظرات شخص (1)", fr="Vérifications (1)", en="Looks (1)"),
    "cost": Text(ar="الكلفة", fr="Coût", en="Cost"),
    "per_1000": Text(ar="الكلفة لكل 1000 سطر", fr="Coût pour 1 000 lignes", en="Cost per 1,000 rows"),
    "groups": Text(ar="حسب المجموعات", fr="Par groupe", en="By group"),
    "group": Text(ar="المجموعة", fr="Groupe", en="Group"),
    "calibration": Text(
        ar="الاحتمال المعلن والنسبة الصحيحة",
        fr="Probabilité annoncée et part vraie",
        en="Told probability and true share",
    ),
    "calibration_error": Text(
        ar="الفرق في المتوسط: {error}", fr="Écart moyen : {error}", en="Apart on average: {error}"
    ),
    "told": Text(ar="معلن", fr="Annoncée", en="Told"),
    "true": Text(ar="صحيح", fr="Vraie", en="True"),
    "pairs": Text(ar="الأزواج", fr="Paires", en="Pairs"),
    "curve": Text(ar="دقة الربط حسب شموليته", fr="Précision selon le rappel", en="Precision by recall"),
    "beside": Text(ar="{first} مقابل {other}", fr="{first} face à {other}", en="{first} beside {other}"),
    "decided": Text(ar="ما قرره كل منهما", fr="Ce que chacun décide", en="What each decides"),
    "right_only": Text(ar="أصاب وحده (الأول / الآخر)", fr="Seul juste (1er / autre)", en="Right alone (first / other)"),
    "p": Text(ar="p", fr="p", en="p"),
    "winner": Text(ar="الأفضل", fr="Meilleur", en="Better"),
    "nobody": Text(ar="لا فرق مؤكد", fr="pas de différence sûre", en="no sure difference"),
    "note": Text(
        ar="بين قوسين مجال الثقة 95 % (ويلسون). تُعلَّم مجموعة إذا انفصل مجالها عن مجال سائر القائمة.",
        fr="Entre crochets, l'intervalle à 95 % (Wilson). Un groupe est marqué quand son intervalle est séparé de celui du reste.",
        en="In brackets the interval of 95 % (Wilson). A group is marked where its interval lies apart from that of the rest.",
    ),
    "none": Text(ar="لا شيء", fr="rien", en="nothing"),
    "adjudicate": Text(ar="سؤال شخص", fr="question", en="ask"),
    "link": Text(ar="ربط", fr="lien", en="link"),
    "all": Text(ar="الكل", fr="Ensemble", en="All"),
}

TRAITS: Final[Mapping[str, Text]] = {
    "unit": Text(ar="نوع السطر", fr="Unité", en="Unit"),
    "place": Text(ar="الولاية", fr="Wilaya", en="Wilaya"),
    "script": Text(ar="كتابة الاسم", fr="Écriture du nom", en="Script of the name"),
    "sex": Text(ar="الجنس", fr="Sexe", en="Sex"),
    "clan": Text(ar="أسماء العشائر", fr="Noms de famille", en="Clan names"),
    "rarity": Text(ar="شيوع الاسم", fr="Rareté du nom", en="How common the name is"),
    "number": Text(ar="رقم شخصي", fr="Numéro personnel", en="Personal number"),
}
GROUPS: Final[Mapping[tuple[str, str], Text]] = {
    ("unit", "household"): Text(ar="أسرة", fr="ménage", en="household"),
    ("unit", "individual"): Text(ar="فرد", fr="individu", en="individual"),
    ("unit", "pupil"): Text(ar="تلميذ", fr="élève", en="pupil"),
    ("script", "arabic"): Text(ar="عربي", fr="arabe", en="Arabic"),
    ("script", "latin"): Text(ar="لاتيني", fr="latine", en="Latin"),
    ("script", "both"): Text(ar="اسم بكل كتابة", fr="un nom dans chacune", en="a name in each"),
    ("script", "mixed"): Text(ar="اسم بالكتابتين معا", fr="un nom dans les deux", en="one name in both"),
    ("sex", "F"): Text(ar="نساء", fr="femmes", en="women"),
    ("sex", "M"): Text(ar="رجال", fr="hommes", en="men"),
    ("clan", "pulaar_soninke_wolof"): Text(
        ar="بولارية أو سوننكية أو ولفية", fr="peul, soninké ou wolof", en="Pulaar, Soninke or Wolof"
    ),
    ("clan", "other"): Text(ar="أخرى", fr="autres", en="other"),
    ("rarity", "common"): Text(ar="الأشيع (ربع)", fr="les plus courants (un quart)", en="the commonest quarter"),
    ("rarity", "between"): Text(ar="بين ذلك", fr="entre les deux", en="between"),
    ("rarity", "rare"): Text(ar="الأندر (ربع)", fr="les plus rares (un quart)", en="the rarest quarter"),
    ("number", "with"): Text(ar="معه", fr="avec", en="with"),
    ("number", "without"): Text(ar="بدونه", fr="sans", en="without"),
}
UNTOLD: Final = Text(ar="غير مذكور", fr="non indiqué", en="not told")


def group_name(by: str, group: str, language: str) -> str:
    if not by:
        return WORDS["all"].in_(language)
    trait = TRAITS[by].in_(language) if by in TRAITS else by
    named = GROUPS.get((by, group))
    return f"{trait}: {named.in_(language) if named else group or UNTOLD.in_(language)}"


def in_words(share: Mapping[str, float] | None) -> str:
    """A share with its interval; a dash where there is none."""
    return "—" if share is None else f"{share['value']:.3f} [{share['low']:.3f}–{share['high']:.3f}]"


def first_line(report: Mapping[str, Any], language: str) -> str:
    """Who is served clearly worse, the worst first, and of whom nothing is known: before anything else."""
    told = [
        WORDS["one_worse"]
        .format(
            group=group_name(one["by"], one["group"], language),
            measure=WORDS[one["measure"]].in_(language),
            value=f"{one['value']:.3f}",
            rest=f"{one['rest']:.3f}",
        )
        .in_(language)
        for one in report["clearly_worse"]
    ]
    comma = "، " if language == "ar" else ", "
    line = WORDS["worse"].format(groups=comma.join(told)).in_(language) if told else WORDS["none_worse"].in_(language)
    if units := [group_name("unit", unit, language) for unit in report.get("not_judged", ())]:
        line += " " + WORDS["not_judged"].format(units=comma.join(units)).in_(language)
    return line


def household_lines(report: Mapping[str, Any], language: str) -> list[str]:
    """For each unit whose rows stand together in households, what these weigh, and whether that was learned; nothing of a
    report that does not tell it."""
    return [
        WORDS["household"]
        .format(
            unit=group_name("unit", unit, language),
            **{
                level: WORDS["bits_learned" if one["learned"] else "bits_stated"]
                .format(bits=f"{one['bits']:.2f}", pairs=f"{one['pairs']:,}")
                .in_(language)
                for level, one in learned["household"].items()
            },
        )
        .in_(language)
        for unit, learned in report.get("learned_from", {}).items()
        if learned.get("household")
    ]
