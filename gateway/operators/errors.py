"""What is refused about operators and their signing in."""

from shared.errors import Refusal
from shared.text import Text


class SignInRefused(Refusal):
    code, status = "sign_in_refused", 401
    text = Text(
        ar="الاسم أو كلمة المرور غير صحيح.",
        fr="Le nom ou le mot de passe est faux.",
        en="The name or the password is wrong.",
    )


class TooManySignIns(Refusal):
    code, status = "too_many_sign_ins", 429
    text = Text(
        ar="محاولات فاشلة كثيرة. انتظروا {seconds} ثانية ثم أعيدوا المحاولة.",
        fr="Trop d'échecs. Attendez {seconds} secondes, puis réessayez.",
        en="Too many failed attempts. Wait {seconds} seconds, then try again.",
    )


class CodeWrong(Refusal):
    code, status = "code_wrong", 403
    text = Text(
        ar="الرمز غير صحيح، أو استعمل من قبل. انتظروا الرمز التالي، وتحققوا من ساعة جهازكم.",
        fr="Le code est faux, ou a déjà servi. Attendez le suivant, et vérifiez l'heure de votre appareil.",
        en="The code is wrong, or was used before. Wait for the next one, and check your device's clock.",
    )


class IssuerAway(Refusal):
    code, status = "issuer_away", 503
    text = Text(
        ar="خدمة حسابات مؤسستكم لا تجيب كما ينبغي. أعيدوا المحاولة أو ادخلوا بكلمة المرور.",
        fr="Le service des comptes de votre institution ne répond pas comme il faut. Réessayez, ou prenez le mot de passe.",
        en="Your institution's account service does not answer as it should. Try again, or use the password.",
    )


class FormForeign(Refusal):
    code, status = "form_foreign", 403
    text = Text(
        ar="هذا النموذج ليس من صفحتنا أو انتهت صلاحيته. افتحوا الصفحة من جديد ثم أرسلوه.",
        fr="Ce formulaire ne vient pas de notre page, ou il a expiré. Rouvrez la page, puis renvoyez-le.",
        en="This form is not from our page, or has expired. Open the page again, then send it.",
    )


class OperatorKnown(Refusal):
    code, status = "operator_known", 409
    text = Text(
        ar="يوجد مستخدم بالاسم {name}.",
        fr="Une personne du nom de {name} existe déjà.",
        en="There is somebody of the name {name} already.",
    )


class PasswordWeak(Refusal):
    code, status = "password_weak", 422
    text = Text(
        ar="كلمة المرور ضعيفة. المقبول: 12 إلى 200 حرف متنوع، لا تشمل اسم الشخص ولا اسم برنامج أو مؤسسة، وليست"
        " من الكلمات الشائعة ولا الكلمة السابقة.",
        fr="Mot de passe trop faible. Accepté : 12 à 200 caractères variés, sans le nom de la personne ni celui d'un"
        " programme ou d'une institution, et qui n'est ni un mot de passe courant ni le précédent.",
        en="The password is too weak. Accepted: 12 to 200 varied characters, without the person's name or that of a"
        " program or an institution, and neither a password in common use nor the one before.",
    )


class PasswordWrong(Refusal):
    code, status = "password_wrong", 403
    text = Text(
        ar="كلمة المرور الحالية غير صحيحة.",
        fr="Le mot de passe actuel est faux.",
        en="The present password is wrong.",
    )
