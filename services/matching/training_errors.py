"""What matching refuses of those who train and promote models."""

from shared.errors import Refusal
from shared.text import Text


class TrainingRunning(Refusal):
    code, status = "training_running", 409
    text = Text(
        ar="نموذج آخر قيد التعلم. المقبول: انتظار نهايته أو إلغاؤه.",
        fr="Un autre modèle est en cours d'apprentissage. Accepté : attendre sa fin, ou l'annuler.",
        en="Another model is being trained. Accepted: wait for its end, or cancel it.",
    )


class TrainingEnded(Refusal):
    code, status = "training_ended", 409
    text = Text(
        ar="انتهى تعلم هذا النموذج أو أُلغي من قبل.",
        fr="L'apprentissage de ce modèle est déjà fini ou annulé.",
        en="The training of this model has ended or was cancelled already.",
    )


class ModelNotReady(Refusal):
    code, status = "model_not_ready", 409
    text = Text(
        ar="لا تقرير لهذا النموذج. المقبول: نموذج اكتمل تعلمه وله تقرير.",
        fr="Ce modèle n'a pas de rapport. Accepté : un modèle dont l'apprentissage est achevé, avec son rapport.",
        en="This model has no report. Accepted: a model whose training is done, with its report.",
    )


class ModelInForce(Refusal):
    code, status = "model_in_force", 409
    text = Text(
        ar="هذا النموذج معمول به بالفعل. المقبول: نموذج آخر.",
        fr="Ce modèle est déjà en vigueur. Accepté : un autre modèle.",
        en="This model is in force already. Accepted: another one.",
    )


class OwnModel(Refusal):
    code, status = "own_model", 409
    text = Text(
        ar="هذا الموظف هو من درّب النموذج. المقبول: موظف آخر يعتمده.",
        fr="Cet agent a fait apprendre ce modèle. Accepté : un autre agent le met en vigueur.",
        en="This official trained the model. Accepted: another official promotes it.",
    )


class NothingToRollBack(Refusal):
    code, status = "nothing_to_roll_back", 409
    text = Text(
        ar="لم يُعتمد أي نموذج بعد النموذج المرفق. لا شيء يُرجع عنه.",
        fr="Aucun modèle n'a été mis en vigueur après celui qui est livré : rien à reprendre.",
        en="No model was promoted after the one that ships: there is nothing to roll back.",
    )
