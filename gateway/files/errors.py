"""What is said of a file that the gateway could not look into."""

from shared.errors import Refusal
from shared.text import Text


class FileUnreadable(Refusal):
    code, status = "file_unreadable", 500
    text = Text(
        ar="لم تستطع البوابة قراءة هذا الملف لتتحقق مما فيه، فلم يخرج منه شيء. اطلبوه بصيغة أخرى، أو اذكروا لنا رقم التتبع.",
        fr="La passerelle n'a pas pu lire ce fichier pour en vérifier le contenu ; rien n'en est sorti. Demandez-le sous un autre format, ou citez-nous le numéro de trace.",
        en="The gateway could not read this file to see what is in it; nothing of it left. Ask for it in another format, or quote us the trace id.",
    )
