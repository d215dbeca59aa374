"""What the words of an agreement are called in Arabic, French and English: on its page and in its differences."""

from collections.abc import Mapping

from shared.text import Text

ATTRIBUTES: Mapping[str, Text] = {
    "household_number": Text(ar="رقم الأسرة", fr="numéro du ménage", en="household number"),
    "head_name": Text(ar="اسم رب الأسرة", fr="nom du chef de ménage", en="name of the head"),
    "commune": Text(ar="البلدية", fr="commune", en="commune"),
    "village": Text(ar="القرية أو الحي", fr="localité", en="village"),
    "size": Text(ar="عدد أفراد الأسرة", fr="taille du ménage", en="household size"),
    "category": Text(ar="فئة الهشاشة", fr="catégorie de vulnérabilité", en="vulnerability category"),
    "score": Text(ar="درجة السجل", fr="score du registre", en="score of the registry"),
    "status": Text(ar="حالة الأسرة في السجل", fr="statut du ménage au registre", en="household's status in the registry"),
    "surveyed_on": Text(ar="تاريخ المسح", fr="date de l'enquête", en="day of the survey"),
    "phones": Text(ar="أرقام الهاتف", fr="téléphones", en="phones"),
    "answers": Text(ar="أجوبة الاستمارة", fr="réponses au questionnaire", en="answers to the questionnaire"),
    "individual_number": Text(ar="رقم الفرد", fr="numéro de l'individu", en="individual's number"),
    "relationship": Text(ar="الصلة برب الأسرة", fr="lien avec le chef", en="relationship to the head"),
    "name": Text(ar="الاسم", fr="nom", en="name"),
    "father_name": Text(ar="اسم الأب", fr="nom du père", en="father's name"),
    "sex": Text(ar="الجنس", fr="sexe", en="sex"),
    "birth_date": Text(ar="تاريخ الميلاد", fr="date de naissance", en="birth date"),
    "nni": Text(ar="الرقم الوطني للتعريف", fr="NNI", en="national id"),
    "disability": Text(ar="الإعاقة", fr="handicap", en="disability"),
    "person_status": Text(ar="حالة الفرد في السجل", fr="statut de l'individu au registre", en="individual's status in the registry"),
    "program": Text(ar="البرنامج", fr="programme", en="program"),
    "enrollment_status": Text(ar="حالة التسجيل في البرنامج", fr="statut de l'inscription", en="status of the enrollment"),
    "enrolled_on": Text(ar="تاريخ التسجيل", fr="date d'inscription", en="day of enrollment"),
    "exited_on": Text(ar="تاريخ الخروج", fr="date de sortie", en="day of exit"),
    "card_number": Text(ar="رقم البطاقة", fr="numéro de carte", en="card number"),
    "school": Text(ar="المدرسة", fr="école", en="school"),
    "amount": Text(ar="المبلغ", fr="montant", en="amount"),
    "top_up": Text(ar="المبلغ الإضافي", fr="complément", en="top-up"),
}  # fmt: skip
FORMS: Mapping[str, Text] = {
    "full": Text(ar="كاملا", fr="en entier", en="in full"),
    "year_only": Text(ar="السنة فقط", fr="l'année seule", en="the year alone"),
    "band": Text(ar="ضمن فئة", fr="par tranche", en="as a band"),
    "boolean": Text(ar="وجوده من عدمه فقط", fr="s'il existe ou non", en="whether there is one"),
    "masked": Text(ar="مخفيا جزئيا", fr="masqué en partie", en="partly masked"),
}
OPERATIONS: Mapping[str, Text] = {
    "lookup": Text(ar="الاطلاع على حالة واحدة", fr="consulter un cas", en="look one up"),
    "match": Text(ar="مطابقة قائمة", fr="rapprocher une liste", en="match a list"),
    "list": Text(ar="طلب قوائم", fr="demander des listes", en="ask for lists"),
    "subscribe": Text(ar="تلقي التغييرات", fr="recevoir les changements", en="receive changes"),
    "bulk": Text(ar="استخراج جماعي", fr="extraire en nombre", en="extract in bulk"),
    "push": Text(ar="إرسال بيانات", fr="transmettre des données", en="send data in"),
}
CATEGORIES: Mapping[str, Text] = {
    "extreme_poor": Text(ar="شديدة الفقر", fr="extrême pauvreté", en="extremely poor"),
    "poor": Text(ar="فقيرة", fr="pauvre", en="poor"),
    "vulnerable": Text(ar="هشة", fr="vulnérable", en="vulnerable"),
    "not_poor": Text(ar="غير فقيرة", fr="non pauvre", en="not poor"),
}
STATES: Mapping[str, Text] = {
    "draft": Text(ar="مسودة", fr="projet", en="draft"),
    "signed": Text(ar="موقعة", fr="signé", en="signed"),
    "active": Text(ar="سارية", fr="en vigueur", en="active"),
    "suspended": Text(ar="معلقة", fr="suspendu", en="suspended"),
    "expired": Text(ar="منتهية", fr="expiré", en="expired"),
    "terminated": Text(ar="منهاة", fr="résilié", en="terminated"),
}
KINDS: Mapping[str, Text] = {
    "mandate": Text(ar="تفويض على البيانات الخاصة", fr="Mandat sur ses propres données", en="Mandate over one's own data"),
    "sharing": Text(ar="اتفاقية تبادل بيانات", fr="Accord de partage de données", en="Data-sharing agreement"),
    "emergency": Text(ar="اتفاقية استعجالية لتبادل البيانات", fr="Accord de partage d'urgence", en="Emergency data-sharing agreement"),
}  # fmt: skip
BASES: Mapping[str, Text] = {
    "law": Text(ar="قانون", fr="loi", en="law"),
    "decree": Text(ar="مرسوم", fr="décret", en="decree"),
    "order": Text(ar="مقرر", fr="arrêté", en="order"),
    "protocol": Text(ar="بروتوكول", fr="protocole", en="protocol"),
    "consent": Text(ar="موافقة المعني", fr="consentement", en="consent"),
    "vital_interest": Text(ar="مصلحة حيوية", fr="intérêt vital", en="vital interest"),
}
HEADINGS: Mapping[str, Text] = {
    "agreement": Text(ar="الاتفاقية", fr="Accord", en="Agreement"),
    "version": Text(ar="الإصدار", fr="Version", en="Version"),
    "state": Text(ar="الحالة", fr="État", en="State"),
    "provider": Text(ar="صاحب البيانات", fr="Propriétaire des données", en="Owner of the data"),
    "recipient": Text(ar="المستفيد منها", fr="Destinataire", en="Recipient"),
    "legal_basis": Text(ar="الأساس القانوني", fr="Base légale", en="Legal basis"),
    "authority": Text(ar="مرجع سلطة حماية البيانات", fr="Référence de l'autorité de protection", en="Reference of the data-protection authority"),
    "purposes": Text(ar="الأغراض", fr="Finalités", en="Purposes"),
    "programs": Text(ar="البرامج", fr="Programmes", en="Programs"),
    "enrolled_in": Text(ar="الأسر المسجلة في", fr="Ménages inscrits à", en="Households enrolled in"),
    "any_household": Text(ar="كل الأسر", fr="tout ménage", en="any household"),
    "places": Text(ar="الأماكن", fr="Lieux", en="Places"),
    "everywhere": Text(ar="كل البلاد", fr="tout le pays", en="the whole country"),
    "categories": Text(ar="فئات الهشاشة", fr="Catégories de vulnérabilité", en="Vulnerability categories"),
    "all_categories": Text(ar="كلها", fr="toutes", en="all"),
    "attributes": Text(ar="ما يُعطى", fr="Ce qui est donné", en="What is given"),
    "operations": Text(ar="العمليات", fr="Opérations", en="Operations"),
    "per_query": Text(ar="الحد الأقصى في الجواب الواحد", fr="Au plus, par réponse", en="At most, in one answer"),
    "per_day": Text(ar="الحد الأقصى في اليوم", fr="Au plus, par jour", en="At most, in a day"),
    "retention_days": Text(ar="مدة الاحتفاظ بالأيام", fr="Conservation, en jours", en="Kept for, in days"),
    "not_before": Text(ar="من", fr="Du", en="From"),
    "not_after": Text(ar="إلى غاية", fr="Au (inclus)", en="Until (included)"),
    "fingerprint": Text(ar="بصمة النص (SHA-256)", fr="Empreinte du texte (SHA-256)", en="Fingerprint of the text (SHA-256)"),
    "signatures": Text(ar="التوقيعات", fr="Signatures", en="Signatures"),
    "official": Text(ar="الموظف", fr="Agent", en="Official"),
    "signed_at": Text(ar="تاريخ التوقيع", fr="Signé le", en="Signed on"),
    "none": Text(ar="لا شيء", fr="néant", en="none"),
}  # fmt: skip


def named(words: Mapping[str, Text], code: str) -> Text:
    """The word for a code; the code itself where it has none."""
    return words.get(code) or Text(code, code, code)


def listed(items: list[Text]) -> Text:
    """Several, between commas."""
    return Text(
        "، ".join(one.ar for one in items), ", ".join(one.fr for one in items), ", ".join(one.en for one in items)
    )
