"""What each institution's file looks like: its columns, what stands above them, and its habits."""

from dataclasses import dataclass

Cells = tuple[tuple[str, int], ...]
"""One line of texts, each with the number of columns it spans. An empty tuple is an empty line."""


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list. Shares are of rows (0 to 1); a column is its header and the field the clerk fills it with."""

    program: str
    file: str
    institution: str
    partner: str
    currency: str
    columns: tuple[tuple[str, str], ...]
    above: tuple[Cells, ...] = ()
    sheet: str = ""
    encoding: str = ""
    delimiter: str = ""
    total_label: str = ""
    arabic_names: float = 0.0
    arabic_words: bool = False
    arabic_digits: float = 0.0
    upper_case: float = 0.0
    household_numbers: float = 0.0
    national_ids: float = 0.0
    phones: float = 0.0
    amount_flat: int = 0
    amount_per_head: int = 0
    english: bool = False

    @property
    def is_xlsx(self) -> bool:
        return self.file.endswith(".xlsx")

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(field for _, field in self.columns)


TEKAVOUL = ListSpec(
    program="TEKAVOUL",
    file="tekavoul_regular.xlsx",
    institution="taazour",
    partner="taazour",
    currency="MRU",
    sheet="Liste paiement",
    above=(
        (("Délégation Générale TAAZOUR – Programme National de Transferts Sociaux TEKAVOUL", 15),),
        (("Liste de paiement – 3e trimestre 2026", 15),),
        (),
    ),
    columns=(
        ("N°", "position"),
        ("Wilaya", "wilaya"),
        ("Moughataa", "moughataa"),
        ("Commune", "commune"),
        ("Localité", "village"),
        ("N° Ménage", "household_number"),
        ("Nom et prénom du bénéficiaire", "name"),
        ("Sexe", "sex"),
        ("Date de naissance", "birth_date"),
        ("NNI", "nni"),
        ("Téléphone", "phone"),
        ("Taille ménage", "household_size"),
        ("Montant (MRU)", "amount"),
        ("Date d'inscription", "effective_on"),
        ("Observations", "remark"),
    ),
    total_label="TOTAL",
    arabic_names=0.12,
    upper_case=0.35,
    household_numbers=0.97,
    national_ids=0.85,
    phones=0.85,
    amount_flat=3600,
)

TEKAVOUL_SEASONAL = ListSpec(
    program="TEKAVOUL_SEASONAL",
    file="tekavoul_seasonal.xlsx",
    institution="taazour",
    partner="taazour",
    currency="MRU",
    sheet="TS 2026",
    above=((("Transferts saisonniers – soudure 2026", 12),), ()),
    columns=(
        ("Moughataa", "moughataa"),
        ("Commune", "commune"),
        ("Village", "village"),
        ("Code ménage", "household_number"),
        ("Chef de ménage", "name"),
        ("N° CNI", "nni"),
        ("Tél. 1", "phone"),
        ("Tél. 2", "phone_2"),
        ("Nb membres", "household_size"),
        ("Montant transfert", "amount"),
        ("Date d'inscription", "effective_on"),
        ("Remarque", "remark"),
    ),
    total_label="TOTAL",
    arabic_names=0.25,
    upper_case=0.1,
    household_numbers=0.94,
    national_ids=0.7,
    phones=0.8,
    amount_flat=2400,
)

EL_MAOUNA = ListSpec(
    program="EL_MAOUNA",
    file="el_maouna.csv",
    institution="csa",
    partner="csa",
    currency="MRO",
    encoding="cp1252",
    delimiter=";",
    above=((("Commissariat à la Sécurité Alimentaire – EL MAOUNA – soudure 2026, juillet", 1),), ()),
    columns=(
        ("Wilaya", "wilaya"),
        ("Moughataa", "moughataa"),
        ("Commune", "commune"),
        ("Village", "village"),
        ("N° registre social", "household_number"),
        ("Nom complet", "name"),
        ("Date naiss.", "birth_date"),
        ("NNI", "nni"),
        ("Tel", "phone"),
        ("Nbre personnes", "household_size"),
        ("Montant MRO", "amount"),
        ("Date d'inscription", "effective_on"),
    ),
    total_label="TOTAL",
    upper_case=0.2,
    household_numbers=0.6,
    national_ids=0.5,
    phones=0.75,
    amount_per_head=4500,
)

TEMWINE = ListSpec(
    program="TEMWINE",
    file="temwine_cards.xlsx",
    institution="taazour",
    partner="taazour",
    currency="MRU",
    sheet="البطاقات",
    above=((("المندوبية العامة تآزر – برنامج التموين – لائحة حاملي البطاقات 2026", 14),), ()),
    columns=(
        ("الرقم", "position"),
        ("رقم البطاقة", "card_number"),
        ("رقم الأسرة", "household_number"),
        ("اسم رب الأسرة", "name"),
        ("رقم التعريف الوطني", "nni"),
        ("رقم الهاتف", "phone"),
        ("الولاية", "wilaya"),
        ("المقاطعة", "moughataa"),
        ("البلدية", "commune"),
        ("القرية / الحي", "village"),
        ("عدد أفراد الأسرة", "household_size"),
        ("التصنيف", "category"),
        ("الدكان", "shop"),
        ("تاريخ التسجيل", "effective_on"),
    ),
    total_label="المجموع",
    arabic_names=0.97,
    arabic_words=True,
    arabic_digits=0.12,
    household_numbers=0.95,
    national_ids=0.75,
    phones=0.8,
)

SCHOOL_FEEDING = ListSpec(
    program="SCHOOL_FEEDING",
    file="school_feeding.csv",
    institution="men",
    partner="men",
    currency="MRU",
    encoding="utf-8-sig",
    delimiter=",",
    columns=(
        ("Wilaya", "wilaya"),
        ("Moughataa", "moughataa"),
        ("Commune", "commune"),
        ("École", "school"),
        ("Nom de l'élève", "name"),
        ("Nom du père", "father_name"),
        ("Classe", "school_class"),
        ("Sexe", "sex"),
        ("Année de naissance", "birth_date"),
        ("Date d'inscription", "effective_on"),
    ),
    arabic_names=0.45,
)

DISABILITY_CASH = ListSpec(
    program="DISABILITY_CASH",
    file="disability_cash.xlsx",
    institution="masef",
    partner="masef",
    currency="MRU",
    sheet="اللائحة",
    above=(
        (("وزارة العمل الاجتماعي والطفولة والأسرة – التحويلات النقدية للأسر التي تضم أشخاصا معاقين", 17),),
        (),
        (("الموقع", 4), ("رب الأسرة", 7), ("الشخص المعاق", 3), ("التحويل", 3)),
    ),
    columns=(
        ("م", "position"),
        ("الولاية", "wilaya"),
        ("المقاطعة", "moughataa"),
        ("الحي / القرية", "village"),
        ("الاسم الكامل", "name"),
        ("الجنس", "sex"),
        ("سنة الميلاد", "birth_date"),
        ("الرقم الوطني", "nni"),
        ("الهاتف", "phone"),
        ("رقم السجل الاجتماعي", "household_number"),
        ("عدد الأفراد", "household_size"),
        ("الاسم الكامل", "disabled_name"),
        ("سنة الميلاد", "disabled_birth"),
        ("نوع الإعاقة", "category"),
        ("المبلغ (أوقية جديدة)", "amount"),
        ("تاريخ التسجيل", "effective_on"),
        ("ملاحظات", "remark"),
    ),
    total_label="المجموع",
    arabic_names=1.0,
    arabic_words=True,
    arabic_digits=0.2,
    household_numbers=0.3,
    national_ids=0.6,
    phones=0.8,
    amount_flat=2000,
)

HEALTH_INSURANCE = ListSpec(
    program="HEALTH_INSURANCE",
    file="health_insurance.csv",
    institution="taazour",
    partner="cnam",
    currency="MRU",
    encoding="cp1256",
    delimiter=";",
    columns=(
        ("رقم الأسرة", "household_number"),
        ("الرقم الوطني للتعريف", "nni"),
        ("الاسم الكامل", "name"),
        ("تاريخ الميلاد", "birth_date"),
        ("الجنس", "sex"),
        ("الهاتف", "phone"),
        ("الولاية", "wilaya"),
        ("المقاطعة", "moughataa"),
        ("نوع العملية", "action"),
        ("تاريخ السريان", "effective_on"),
    ),
    arabic_names=0.8,
    arabic_words=True,
    household_numbers=0.93,
    national_ids=0.9,
    phones=0.7,
)

WFP_LEAN_SEASON = ListSpec(
    program="WFP_LEAN_SEASON",
    file="wfp_lean_season.xlsx",
    institution="partners",
    partner="wfp",
    currency="MRU",
    sheet="Beneficiaries",
    columns=(
        ("No", "position"),
        ("Region", "wilaya"),
        ("Department", "moughataa"),
        ("Commune", "commune"),
        ("Site / Village", "village"),
        ("Full name of HH head", "name"),
        ("Sex", "sex"),
        ("Year of birth", "birth_date"),
        ("Phone number", "phone"),
        ("HH size", "household_size"),
        ("Monthly entitlement (MRU)", "amount"),
        ("Start date", "effective_on"),
    ),
    total_label="TOTAL",
    phones=0.85,
    amount_per_head=480,
    english=True,
)

SPECS = (
    TEKAVOUL,
    TEKAVOUL_SEASONAL,
    EL_MAOUNA,
    TEMWINE,
    SCHOOL_FEEDING,
    DISABILITY_CASH,
    HEALTH_INSURANCE,
    WFP_LEAN_SEASON,
)
