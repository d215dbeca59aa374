"""What is refused about trying an operation out."""

from shared.errors import Refusal
from shared.text import Text


class NotASandbox(Refusal):
    code, status = "not_a_sandbox", 409
    text = Text(
        ar="التجربة ممكنة في بيئة التجربة وحدها، لا على بيانات حقيقية.",
        fr="L'essai n'est possible que dans le bac à sable, jamais sur de vraies données.",
        en="Trying out is possible in the sandbox alone, never on real data.",
    )


class NothingToShow(Refusal):
    code, status = "nothing_to_show", 409
    text = Text(
        ar="ليس للشريك {partner} مفتاح أو سر صالح يُجرّب به. أضيفوا واحدا أولا.",
        fr="Le partenaire {partner} n'a ni clé ni secret valable pour l'essai. Ajoutez-en un d'abord.",
        en="The partner {partner} has no good key or secret to try with. Add one first.",
    )


class NotToBeTried(Refusal):
    code, status = "not_to_be_tried", 409
    text = Text(
        ar="هذه العملية تأخذ ملفا أو لم تصفها خدمتها الآن. جرّبوها بأداة curl.",
        fr="Cette opération prend un fichier, ou son service ne la décrit pas en ce moment. Essayez-la avec curl.",
        en="This operation takes a file, or its service does not describe it now. Try it with curl.",
    )
