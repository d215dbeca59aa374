"""The words of the pages for signing in and out, and of a person's own."""

from shared.text import Text

WORDS: dict[str, Text] = {
    "sign_in": Text(ar="تسجيل الدخول", fr="Connexion", en="Sign in"),
    "sign_out": Text(ar="تسجيل الخروج", fr="Déconnexion", en="Sign out"),
    "first_password": Text(ar="اختيار كلمة مرور", fr="Choisir un mot de passe", en="Choose a password"),
    "own": Text(ar="دخولي إلى المنصة", fr="Ma connexion", en="My way in"),
    "code": Text(ar="الرمز", fr="Code", en="Code"),
    "factor": Text(ar="العامل الثاني", fr="Second facteur", en="Second factor"),
    "recovery_codes": Text(ar="رموز الاسترجاع", fr="Codes de secours", en="Recovery codes"),
    "code_about": Text(
        ar="اكتبوا الأرقام الستة التي يعرضها الآن تطبيق الرموز، أو أحد رموز الاسترجاع.",
        fr="Tapez les six chiffres que votre application montre à présent, ou un de vos codes de secours.",
        en="Type the six figures that your authenticator shows now, or one of your recovery codes.",
    ),
    "refused": Text(ar="تعذر عرض الصفحة", fr="Page non affichée", en="Page not shown"),
    "not_permitted": Text(
        ar="دوركم لا يشمل هذه الصفحة. من يحتاج إليها يطلبها من مسؤول الأمن.",
        fr="Votre rôle ne comprend pas cette page. Qui en a besoin la demande au responsable de la sécurité.",
        en="Your role does not include this page. Who needs it asks the security officer.",
    ),
    "request": Text(ar="الطلب", fr="Requête", en="Request"),
    "go_on": Text(ar="متابعة", fr="Continuer", en="Go on"),
    "factor_needed": Text(
        ar="يتطلب دوركم عاملا ثانيا: تطبيق رموز على الهاتف أو الحاسوب. لا يبدأ الدخول قبل إضافته.",
        fr="Votre rôle demande un second facteur : une application qui donne des codes, sur un téléphone ou un ordinateur."
        " Sans lui la session ne commence pas.",
        en="Your role needs a second factor: an authenticator on a telephone or a computer. No session begins without it.",
    ),
    "factor_about": Text(
        ar="أضيفوا تطبيق رموز على الهاتف أو الحاسوب. يحل محل السابق، وتصدر رموز استرجاع جديدة، وتنتهي جلساتكم الأخرى.",
        fr="Ajoutez une application qui donne des codes, sur un téléphone ou un ordinateur. Elle remplace la précédente ; de"
        " nouveaux codes de secours sont donnés, et vos autres sessions prennent fin.",
        en="Add an authenticator on a telephone or a computer. It takes the place of the one before, new recovery codes are"
        " given, and your other sessions end.",
    ),
    "scan": Text(
        ar="صوروا هذا المربع بالتطبيق، أو افتحوا الرابط على الجهاز نفسه، أو اكتبوا المفتاح:",
        fr="Photographiez ce carré avec l'application, ou ouvrez le lien sur le même appareil, ou tapez la clé :",
        en="Scan this square with the authenticator, or open the link on the same device, or type the key:",
    ),
    "picture": Text(ar="مربع للتصوير بتطبيق الرموز", fr="Carré à photographier", en="Square to scan"),
    "open_link": Text(ar="فتح في التطبيق", fr="Ouvrir dans l'application", en="Open in the authenticator"),
    "new_code": Text(
        ar="الرمز الذي يعرضه التطبيق الجديد",
        fr="Code montré par la nouvelle application",
        en="Code of the new authenticator",
    ),
    "present_code": Text(
        ar="رمز من تطبيقكم الحالي، أو رمز استرجاع",
        fr="Code de votre application actuelle, ou code de secours",
        en="Code of your present authenticator, or a recovery code",
    ),
    "keep_factor": Text(ar="اعتماد العامل الثاني", fr="Garder ce second facteur", en="Keep this second factor"),
    "recovery_about": Text(
        ar="احفظوا هذه الرموز في مكان آمن بعيدا عن الهاتف: كل رمز يعوض التطبيق مرة واحدة إذا ضاع. لا تعرض مرة أخرى.",
        fr="Gardez ces codes en lieu sûr, loin du téléphone : chacun remplace l'application une fois, si elle est perdue. Ils ne"
        " seront plus montrés.",
        en="Keep these codes in a safe place, away from the telephone: each stands in for the authenticator once, if it is lost."
        " They are not shown again.",
    ),
    "kept": Text(ar="حفظتها، متابعة", fr="Ils sont gardés, continuer", en="They are kept, go on"),
    "factor_since": Text(
        ar="لديكم عامل ثان منذ {since}، وبقي من رموز الاسترجاع {left}.",
        fr="Vous avez un second facteur depuis le {since} ; il reste {left} codes de secours.",
        en="You have a second factor since {since}; {left} recovery codes are left.",
    ),
    "factor_none": Text(
        ar="ليس لديكم عامل ثان.", fr="Vous n'avez pas de second facteur.", en="You have no second factor."
    ),
    "another_factor": Text(ar="إضافة عامل ثان جديد", fr="Prendre un nouveau second facteur", en="Take up another one"),
    "sessions": Text(ar="جلساتي", fr="Mes sessions", en="My sessions"),
    "sessions_about": Text(
        ar="الأماكن التي دخلتم منها ولم تخرجوا. إذا لم تعرفوا إحداها فأنهوها وغيروا كلمة المرور.",
        fr="Où vous êtes connecté. Si vous n'en reconnaissez pas une, terminez-la et changez le mot de passe.",
        en="Where you are signed in. If you do not know one of them, end it and change your password.",
    ),
    "began": Text(ar="البداية", fr="Début", en="Began"),
    "seen": Text(ar="آخر استعمال", fr="Dernier usage", en="Last used"),
    "ends": Text(ar="النهاية", fr="Fin", en="Ends"),
    "from_address": Text(ar="من العنوان", fr="Depuis l'adresse", en="From the address"),
    "here": Text(ar="هذا المتصفح", fr="ce navigateur", en="this browser"),
    "end_session": Text(ar="إنهاء الجلسة", fr="Terminer la session", en="End the session"),
    "session_ended": Text(ar="انتهت الجلسة.", fr="La session a pris fin.", en="The session has ended."),
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
DONE = {"password": "password_changed", "session": "session_ended"}
"""What a page may say was done, by the word in its address."""
