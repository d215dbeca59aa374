"""The words of the pages for signing in and out, and of a person's own."""

from shared.text import Text

WORDS: dict[str, Text] = {
    "sign_in": Text(ar="تسجيل الدخول", fr="Connexion", en="Sign in"),
    "sign_out": Text(ar="تسجيل الخروج", fr="Déconnexion", en="Sign out"),
    "first_password": Text(ar="اختيار كلمة مرور", fr="Choisir un mot de passe", en="Choose a password"),
    "own": Text(ar="دخولي إلى المنصة", fr="Ma connexion", en="My way in"),
    "name": Text(ar="الاسم", fr="Nom", en="Name"),
    "password": Text(ar="كلمة المرور", fr="Mot de passe", en="Password"),
    "old_password": Text(ar="كلمة المرور الحالية", fr="Mot de passe actuel", en="Present password"),
    "new_password": Text(ar="كلمة المرور الجديدة", fr="Nouveau mot de passe", en="New password"),
    "keep_password": Text(ar="اعتماد كلمة المرور", fr="Garder ce mot de passe", en="Keep this password"),
    "change_password": Text(ar="تغيير كلمة المرور", fr="Changer le mot de passe", en="Change the password"),
    "password_changed": Text(
        ar="تغيرت كلمة المرور، وانتهت جلساتكم الأخرى.",
        fr="Le mot de passe est changé ; vos autres sessions ont pris fin.",
        en="The password is changed, and your other sessions have ended.",
    ),
    "first_password_about": Text(
        ar="أعطاكم مسؤول الأمن كلمة مرور أولى لا تصلح إلا للوصول إلى هذه الصفحة. اختاروا كلمة لا يعرفها غيركم.",
        fr="Le mot de passe reçu du responsable de la sécurité ne mène qu'à cette page. Choisissez-en un que vous seul connaissez.",
        en="The password that the security officer gave you leads only here. Choose one that nobody but you knows.",
    ),
    "accepted": Text(
        ar="12 حرفا على الأقل. عدة كلمات متتالية أسهل حفظا وأصعب تخمينا. لا تقبل الكلمات الشائعة ولا أسماء البرامج والمؤسسات.",
        fr="12 caractères au moins. Plusieurs mots de suite se retiennent mieux et se devinent moins. Ni mot de passe courant,"
        " ni nom de programme ou d'institution.",
        en="12 characters at least. Several words in a row are kept in mind more easily, and harder to guess. No password in"
        " common use, no name of a program or an institution.",
    ),
    "you_are": Text(
        ar="أنتم {name} ({role}).", fr="Vous êtes {name} ({role}).", en="You are signed in as {name} ({role})."
    ),
    "account": Text(
        ar="الدخول بحساب مؤسستكم", fr="Entrer avec le compte de votre institution", en="Use your institution's account"
    ),
    "back": Text(ar="العودة إلى الشاشة", fr="Retour à l'écran", en="Back to the screen"),
}
DONE = {"password": "password_changed"}
"""What a page may say was done, by the word in its address."""
