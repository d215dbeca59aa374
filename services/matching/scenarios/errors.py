"""What matching refuses of those who save and run scenarios."""

from shared.errors import Refusal
from shared.text import Text


class ScenarioProgramUnknown(Refusal):
    code, status = "scenario_program_unknown", 422
    text = Text(
        ar="لا يوجد برنامج بالرمز {program} هنا ولا بين ما يضيفه السيناريو. المقبول: رمز يظهر في ‎GET /v1/rules-matrix‎.",
        fr="Aucun programme {program}, ni ici ni parmi ceux que le scénario ajoute. Accepté : un code que montre GET /v1/rules-matrix.",
        en="There is no program {program}, neither here nor among those the scenario adds. Accepted: a code that GET"
        " /v1/rules-matrix shows.",
    )


class ScenarioProgramExists(Refusal):
    code, status = "scenario_program_exists", 422
    text = Text(
        ar="البرنامج {program} موجود، فلا يُضاف. المقبول: رمز جديد، أو تغيير من نوع آخر لهذا البرنامج.",
        fr="Le programme {program} existe : il ne s'ajoute pas. Accepté : un code nouveau, ou un autre genre de changement.",
        en="The program {program} exists, so it cannot be added. Accepted: a new code, or another kind of change of it.",
    )


class ChangesContradict(Refusal):
    code, status = "changes_contradict", 422
    text = Text(
        ar="تغييران للبرنامج {program} يتعارضان: أمر واحد منه يتقرر مرتين، أو يتغير بعد انتهائه أو دمجه. المقبول: تغيير واحد لكل أمر.",
        fr="Deux changements du programme {program} se contredisent : décidé deux fois, ou changé alors qu'il est terminé ou"
        " fusionné. Accepté : un seul changement par objet.",
        en="Two changes of the program {program} contradict each other: one thing is decided twice, or changed though the program"
        " has ended or was merged. Accepted: one change of each thing.",
    )


class MergedWithItself(Refusal):
    code, status = "merged_with_itself", 422
    text = Text(
        ar="لا يُدمج برنامج في نفسه. المقبول: برنامجان مختلفان.",
        fr="Un programme ne se fusionne pas avec lui-même. Accepté : deux programmes différents.",
        en="A program is not merged with itself. Accepted: two different programs.",
    )


class CriterionNotUsable(Refusal):
    code, status = "criterion_not_usable", 422
    text = Text(
        ar="لا يمكن تطبيق هذا المعيار: السمة أو العملية أو القيمة غير مقبولة. المقبول: {accepted}",
        fr="Ce critère n'est pas applicable : attribut, opérateur ou valeur. Accepté : {accepted}",
        en="This criterion cannot be applied, for its attribute, operator or value. Accepted: {accepted}",
    )


class ScenarioNameTaken(Refusal):
    code, status = "scenario_name_taken", 409
    text = Text(
        ar="لكم سيناريو آخر بهذا الاسم. المقبول: اسم جديد.",
        fr="Un autre de vos scénarios porte ce nom. Accepté : un nom nouveau.",
        en="Another of your scenarios has this name. Accepted: a new one.",
    )


class TooManyScenarios(Refusal):
    code, status = "too_many_scenarios", 409
    text = Text(
        ar="لكم {most} سيناريو محفوظ، وهو الحد. احذفوا ما لم يعد يلزم.",
        fr="Vous avez {most} scénarios, c'est la limite. Supprimez ceux qui ne servent plus.",
        en="You keep {most} scenarios, which is the limit. Delete those no longer needed.",
    )


class ScenarioRunning(Refusal):
    code, status = "scenario_running", 409
    text = Text(
        ar="هذا السيناريو قيد الحساب. المقبول: انتظار النتيجة أو إلغاء الحساب.",
        fr="Ce scénario est en cours de calcul. Accepté : attendre le résultat, ou annuler le calcul.",
        en="This scenario is being computed. Accepted: wait for the result, or cancel the run.",
    )


class ScenarioNotRunning(Refusal):
    code, status = "scenario_not_running", 409
    text = Text(
        ar="لا يوجد حساب جارٍ لهذا السيناريو.",
        fr="Aucun calcul de ce scénario n'est en cours.",
        en="No run of this scenario is under way.",
    )


class ScenarioHasNoResult(Refusal):
    code, status = "scenario_has_no_result", 409
    text = Text(
        ar="لا نتيجة لهذا السيناريو بعد ({status}). المقبول: سيناريو اكتمل حسابه (run).",
        fr="Ce scénario n'a pas encore de résultat ({status}). Accepté : un scénario dont le calcul (run) est terminé.",
        en="This scenario has no result yet ({status}). Accepted: one whose run has ended.",
    )


class ScenariosOfDifferentCountries(Refusal):
    code, status = "scenarios_of_different_countries", 409
    text = Text(
        ar="حُسبت هذه السيناريوهات على بيانات مختلفة (لقطة أو يوم)، فلا تُقارن. المقبول: سيناريوهات على لقطة واحدة أو يوم واحد.",
        fr="Ces scénarios reposent sur des données différentes (instantané ou jour) et ne se comparent pas. Accepté : des scénarios"
        " d'un même instantané ou d'un même jour.",
        en="These scenarios were computed over different data (snapshot or day) and cannot be compared. Accepted: scenarios over"
        " one snapshot, or one day.",
    )
