"""Which column of a list holds which field: header texts in Arabic, French and English, and how they are recognised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import lru_cache
from typing import NamedTuple

from shared.text import Cell, Text, clean_text, fold

HEADER_SEARCH_ROWS = 30  # titles, logos and addresses above a header never took more
LONGEST_HEADER = 200  # characters
TITLE_WORDS = 8  # a longer text is a title or a note, in which the words of a field prove nothing


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split(" ¦ "))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


class Field(NamedTuple):
    """The name of a field on a screen, and the headers it is known by (` ¦ ` between them; compared folded)."""

    label: Text
    headers: str


FIELDS: Mapping[str, Field] = {
    "household_number": Field(
        Text(ar="رقم الأسرة", fr="N° ménage", en="Household number"),
        "N° Ménage ¦ Code ménage ¦ ID ménage ¦ Identifiant ménage ¦ Identifiant du ménage ¦ Numéro de ménage ¦ Réf ménage"
        " ¦ N° registre social ¦ Code registre social ¦ N° RS ¦ Code RS ¦ N° ménage RS ¦ N° ménage registre social"
        " ¦ Household number ¦ Household ID ¦ Household code ¦ HH ID ¦ HH number ¦ HH code ¦ Registry number"
        " ¦ Social registry number ¦ household_number"
        " ¦ رقم الأسرة ¦ رمز الأسرة ¦ معرف الأسرة ¦ رقم السجل الاجتماعي ¦ رقم السجل ¦ رقم الأسرة في السجل الاجتماعي"
        " ¦ رقم العائلة ¦ رقم تعريف الأسرة",
    ),
    "name": Field(
        Text(ar="الاسم", fr="Nom", en="Name"),
        "Nom ¦ Noms ¦ Nom complet ¦ Nom et prénom ¦ Nom et prénoms ¦ Nom(s) et prénom(s) ¦ Prénom et nom ¦ Prénoms et nom"
        " ¦ Nom prénom ¦ Bénéficiaire ¦ Nom du bénéficiaire ¦ Nom et prénom du bénéficiaire ¦ Chef de ménage"
        " ¦ Nom du chef de ménage ¦ Nom et prénom du chef de ménage ¦ Nom chef ménage ¦ CM ¦ Nom du CM"
        " ¦ Nom de l'élève ¦ Élève ¦ Nom et prénom de l'élève ¦ Nom de l'assuré ¦ Assuré"
        " ¦ Name ¦ Full name ¦ Full name of HH head ¦ Name of HH head ¦ HH head name ¦ HH head ¦ Household head"
        " ¦ Name of household head ¦ Head of household ¦ Beneficiary ¦ Beneficiary name ¦ Pupil ¦ Pupil name"
        " ¦ الاسم ¦ الاسم الكامل ¦ الاسم واللقب ¦ الاسم العائلي والشخصي ¦ اسم رب الأسرة ¦ رب الأسرة ¦ ربة الأسرة"
        " ¦ الاسم الكامل لرب الأسرة ¦ اسم المستفيد ¦ المستفيد ¦ الاسم الكامل للمستفيد ¦ اسم التلميذ ¦ التلميذ ¦ اسم المؤمن",
    ),
    "father_name": Field(
        Text(ar="اسم الأب", fr="Nom du père", en="Father's name"),
        "Nom du père ¦ Père ¦ Nom et prénom du père ¦ Nom complet du père ¦ Prénom du père ¦ Parent ¦ Nom du parent"
        " ¦ Nom du tuteur ¦ Father ¦ Father's name ¦ Father name ¦ Name of father ¦ Full name of father"
        " ¦ اسم الأب ¦ الأب ¦ اسم الوالد ¦ الوالد ¦ الاسم الكامل للأب ¦ اسم ولي الأمر ¦ ولي الأمر ¦ اسم الوكيل",
    ),
    "nni": Field(
        Text(ar="رقم التعريف الوطني", fr="NNI", en="National id"),
        "NNI ¦ N° NNI ¦ Numéro national d'identification ¦ Numéro national d'identité ¦ N° national ¦ Identifiant national"
        " ¦ N° CNI ¦ CNI ¦ N° carte d'identité ¦ Carte d'identité ¦ N° carte nationale d'identité ¦ N° pièce d'identité"
        " ¦ NNI du chef de ménage ¦ NNI bénéficiaire ¦ National ID ¦ National ID number ¦ National number ¦ ID number ¦ ID card"
        " ¦ NNI number ¦ رقم التعريف الوطني ¦ الرقم الوطني ¦ الرقم الوطني للتعريف ¦ الرقم الوطني للتعريف الشخصي"
        " ¦ رقم بطاقة التعريف ¦ رقم بطاقة التعريف الوطنية ¦ بطاقة التعريف ¦ رقم البطاقة الوطنية ¦ رقم بطاقة الهوية"
        " ¦ رقم الهوية ¦ رقم التعريف",
    ),
    "phone": Field(
        Text(ar="الهاتف", fr="Téléphone", en="Phone"),
        "Téléphone ¦ Tél ¦ N° téléphone ¦ Numéro de téléphone ¦ N° tél ¦ Tél. 1 ¦ Téléphone 1 ¦ N° tél 1 ¦ Contact"
        " ¦ Contact téléphonique ¦ Mobile ¦ GSM ¦ Portable ¦ Numéro mobile ¦ Téléphones ¦ Phone ¦ Phone number ¦ Phone 1"
        " ¦ Phone number 1 ¦ Mobile number ¦ Mobile phone ¦ Cell phone ¦ الهاتف ¦ رقم الهاتف ¦ الهاتف 1 ¦ رقم الهاتف 1"
        " ¦ هاتف رب الأسرة ¦ رقم الجوال ¦ الجوال ¦ الهاتف المحمول ¦ أرقام الهاتف",
    ),
    "phone_2": Field(
        Text(ar="الهاتف الثاني", fr="Téléphone 2", en="Second phone"),
        "Téléphone 2 ¦ Tél. 2 ¦ Tél 2 ¦ N° tél 2 ¦ N° téléphone 2 ¦ Deuxième téléphone ¦ Autre téléphone ¦ Autre numéro"
        " ¦ Contact 2 ¦ Second téléphone ¦ Phone 2 ¦ Phone number 2 ¦ Second phone ¦ Other phone ¦ Alternative phone"
        " ¦ الهاتف 2 ¦ رقم الهاتف 2 ¦ هاتف آخر ¦ الهاتف الثاني ¦ رقم هاتف ثان",
    ),
    "sex": Field(
        Text(ar="الجنس", fr="Sexe", en="Sex"),
        "Sexe ¦ Genre ¦ Sexe du chef de ménage ¦ Sexe (M/F) ¦ M/F ¦ H/F ¦ Sex ¦ Gender ¦ Sex of HH head ¦ الجنس ¦ النوع",
    ),
    "birth_date": Field(
        Text(ar="تاريخ الميلاد", fr="Date de naissance", en="Birth date"),
        "Date de naissance ¦ Date naissance ¦ Date naiss. ¦ D. naissance ¦ Né le ¦ Née le ¦ Né(e) le ¦ Année de naissance"
        " ¦ Année naiss. ¦ Naissance ¦ DDN ¦ Date et lieu de naissance ¦ Birth date ¦ Date of birth ¦ DOB ¦ Year of birth"
        " ¦ Birth year ¦ تاريخ الميلاد ¦ سنة الميلاد ¦ تاريخ الازدياد ¦ سنة الازدياد ¦ تاريخ الولادة ¦ سنة الولادة"
        " ¦ تاريخ ومكان الميلاد",
    ),
    "wilaya": Field(
        Text(ar="الولاية", fr="Wilaya", en="Wilaya"),
        "Wilaya ¦ Région ¦ Nom wilaya ¦ Wilaya de résidence ¦ Region ¦ Admin 1 ¦ ADM1 ¦ الولاية ¦ ولاية ¦ اسم الولاية",
    ),
    "moughataa": Field(
        Text(ar="المقاطعة", fr="Moughataa", en="Moughataa"),
        "Moughataa ¦ Mougataa ¦ Moughata ¦ Département ¦ Nom moughataa ¦ Moughataa de résidence ¦ Department ¦ District"
        " ¦ Admin 2 ¦ ADM2 ¦ المقاطعة ¦ مقاطعة ¦ اسم المقاطعة",
    ),
    "commune": Field(
        Text(ar="البلدية", fr="Commune", en="Commune"),
        "Commune ¦ Nom commune ¦ Nom de la commune ¦ Commune de résidence ¦ Municipality ¦ Admin 3 ¦ ADM3"
        " ¦ البلدية ¦ بلدية ¦ اسم البلدية",
    ),
    "village": Field(
        Text(ar="القرية أو الحي", fr="Localité", en="Village"),
        "Localité ¦ Village ¦ Quartier ¦ Localité / Quartier ¦ Village / Quartier ¦ Quartier / Village ¦ Site ¦ Adresse"
        " ¦ Nom du village ¦ Nom de la localité ¦ Locality ¦ Neighbourhood ¦ Site / Village ¦ Settlement ¦ Address"
        " ¦ القرية ¦ الحي ¦ القرية / الحي ¦ الحي / القرية ¦ القرية أو الحي ¦ التجمع ¦ اسم القرية ¦ العنوان ¦ المكان",
    ),
    "household_size": Field(
        Text(ar="عدد أفراد الأسرة", fr="Taille du ménage", en="Household size"),
        "Taille ménage ¦ Taille du ménage ¦ Taille ¦ Nb membres ¦ Nbre de membres ¦ Nombre de membres ¦ Nb personnes"
        " ¦ Nbre personnes ¦ Nombre de personnes ¦ Effectif ¦ Effectif du ménage ¦ Nb personnes à charge"
        " ¦ Nombre de personnes dans le ménage ¦ Household size ¦ HH size ¦ Family size ¦ Size ¦ Number of members"
        " ¦ Household members ¦ Number of persons ¦ عدد أفراد الأسرة ¦ عدد الأفراد ¦ حجم الأسرة ¦ أفراد الأسرة ¦ عدد الأشخاص"
        " ¦ عدد أفراد العائلة",
    ),
    "amount": Field(
        Text(ar="المبلغ", fr="Montant", en="Amount"),
        "Montant ¦ Montant transfert ¦ Montant du transfert ¦ Montant payé ¦ Montant reçu ¦ Montant à payer ¦ Montant versé"
        " ¦ Montant total ¦ Montant de l'allocation ¦ Valeur ¦ Valeur du transfert ¦ Amount ¦ Amount paid ¦ Transfer amount"
        " ¦ Transfer value ¦ Entitlement ¦ Monthly entitlement ¦ Value ¦ المبلغ ¦ مبلغ التحويل ¦ المبلغ المدفوع"
        " ¦ المبلغ المستحق ¦ قيمة التحويل ¦ المبلغ المصروف",
    ),
    "card_number": Field(
        Text(ar="رقم البطاقة", fr="N° carte", en="Card number"),
        "N° carte ¦ Numéro de carte ¦ Numéro de la carte ¦ Code carte ¦ Carte ¦ N° carte Temwine ¦ N° carte ménage"
        " ¦ Card number ¦ Card ID ¦ Card code ¦ Card ¦ رقم البطاقة ¦ البطاقة ¦ رقم بطاقة التموين ¦ رقم بطاقة الأسرة",
    ),
    "school": Field(
        Text(ar="المدرسة", fr="École", en="School"),
        "École ¦ Nom de l'école ¦ Établissement ¦ Nom de l'établissement ¦ Etablissement scolaire ¦ School ¦ School name"
        " ¦ Name of school ¦ المدرسة ¦ اسم المدرسة ¦ المؤسسة ¦ المؤسسة المدرسية",
    ),
    "school_class": Field(
        Text(ar="القسم", fr="Classe", en="Class"),
        "Classe ¦ Niveau ¦ Année d'étude ¦ Niveau scolaire ¦ Class ¦ Grade ¦ Level ¦ القسم ¦ الصف ¦ المستوى ¦ السنة الدراسية"
        " ¦ المستوى الدراسي",
    ),
    "action": Field(
        Text(ar="نوع العملية", fr="Action", en="Action"),
        "Action ¦ Opération ¦ Type d'opération ¦ Type opération ¦ Mouvement ¦ Type de mouvement ¦ Operation ¦ Change"
        " ¦ Change type ¦ Movement ¦ نوع العملية ¦ العملية ¦ نوع الحركة ¦ الحركة ¦ الإجراء",
    ),
    "effective_on": Field(
        Text(ar="تاريخ السريان", fr="Date d'effet", en="Effective date"),
        "Date d'effet ¦ Date effet ¦ Date d'entrée en vigueur ¦ À compter du ¦ Date d'inscription ¦ Effective date"
        " ¦ Effective on ¦ Effective from ¦ Start date ¦ تاريخ السريان ¦ تاريخ بدء السريان ¦ تاريخ النفاذ ¦ ابتداء من ¦ تاريخ التسجيل",
    ),
    "category": Field(
        Text(ar="التصنيف", fr="Catégorie", en="Category"),
        "Catégorie ¦ Catégorie du ménage ¦ Catégorie de vulnérabilité ¦ Type de handicap ¦ Handicap ¦ Nature du handicap"
        " ¦ Classement ¦ Category ¦ Household category ¦ Vulnerability category ¦ Type of disability ¦ Disability type"
        " ¦ Disability ¦ التصنيف ¦ الفئة ¦ تصنيف الأسرة ¦ نوع الإعاقة ¦ طبيعة الإعاقة ¦ الإعاقة ¦ درجة الهشاشة",
    ),
    "remark": Field(
        Text(ar="ملاحظات", fr="Observations", en="Remarks"),
        "Observations ¦ Observation ¦ Remarque ¦ Remarques ¦ Commentaire ¦ Commentaires ¦ Note ¦ Notes ¦ Obs ¦ Remark"
        " ¦ Remarks ¦ Comment ¦ Comments ¦ Reason ¦ Motif ¦ ملاحظات ¦ ملاحظة ¦ الملاحظات ¦ الملاحظة ¦ تعليق ¦ السبب",
    ),
}

# In a header of two rows, the group says whose name or national id the column is.
_GROUPS: Mapping[str, str] = {
    "head": "Chef de ménage ¦ Chef du ménage ¦ Ménage ¦ Bénéficiaire ¦ Household head ¦ HH head ¦ Beneficiary ¦ Élève ¦ Pupil"
    " ¦ رب الأسرة ¦ معلومات رب الأسرة ¦ بيانات رب الأسرة ¦ الأسرة ¦ المستفيد ¦ معلومات المستفيد ¦ التلميذ",
    "father": "Père ¦ Father ¦ Parent ¦ Tuteur ¦ الأب ¦ الوالد ¦ ولي الأمر",
}
_GROUPED: Mapping[str, Mapping[str, str]] = {
    "head": {field: field for field in ("name", "nni", "phone", "phone_2", "sex", "birth_date", "household_number")},
    "father": {"name": "father_name"},
}
_HOUSEHOLD_SUBS = {"household_number": ("N°", "Numéro", "Code", "ID", "رقم", "الرقم", "رمز")}
# Two columns called "Téléphone", or "Nom" and "الاسم": the right one of the page is the second.
_SECOND_CHOICE = {"phone_2": "phone", "name_2": "name"}

_SMALL_WORDS = _words("de du des d la le les l en et a au of the in and")
_UNITS = _words("mru mro um ouguiya ouguiyas fcfa اوقيه")
_OTHER_PEOPLE = _words(
    "agent enqueteur conjoint conjointe epouse epoux mere mandataire spouse mother معاق وكيل زوجه زوج ام باحث"
)
_SAME_WORDS = dict.fromkeys(("n", "no", "num", "nr"), "numero") | dict.fromkeys(("nb", "nbre", "nbr"), "nombre")
_SAME_WORDS |= {"tel": "telephone", "naiss": "naissance", "hh": "household", "ref": "reference"}
_PARENTHESES = re.compile(r"[(\[][^)\]]*[)\]]")
_ALTERNATIVES = re.compile(r"\s*[/|\r\n]\s*|\s+-\s+")

# How surely a header names a field. Each leaves room for the number of words in common, which decides between equals.
_GIVEN, _JOINED, _WHOLE, _ONE_OF_TWO, _INSIDE, _AGAIN = 1_000, 400, 300, 200, 100, 150

OWN_COLUMN = Text(ar="تكامل: {what}", fr="Tekamoul : {what}", en="Tekamoul: {what}")
"""The header of a column that we add to a file we give back. When the file returns, such a column is none of its own."""
_OWN_COLUMNS = ("tekamoul ", "تكامل ")


def header_key(text: str) -> str:
    """A header as it is compared: folded, without small words, article, plural and unit."""
    words = (_SAME_WORDS.get(word, word) for word in fold(text.replace("°", " ")).split())
    return " ".join(_stem(word) for word in words if word not in _SMALL_WORDS and word not in _UNITS)


# Only for the vocabulary: what a file says is not kept in memory.
_known_key = lru_cache(maxsize=8_192)(header_key)


def _stem(word: str) -> str:
    if word.startswith("ال") and len(word) > 3:
        return word[2:]
    return word[:-1] if word.endswith("s") and len(word) > 3 and word.isascii() else word


@dataclass(frozen=True)
class Layout:
    """The fields a list may have, and the header texts each is known by."""

    fields: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...] = ()
    labels: Mapping[str, Text] = dataclass_field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *fields: str,
        required: Iterable[str] = (),
        extra: Mapping[str, Iterable[str]] | None = None,
        own: Mapping[str, Field] | None = None,
    ) -> Layout:
        """A layout of canonical fields (all of FIELDS when none is named), with the vocabulary of `extra` added.

        `own` are fields that only this kind of list has, or knows by other headers.
        """
        added = {field: tuple(headers) for field, headers in (extra or {}).items()}
        added |= {field: (*added.get(field, ()), *_listed(known.headers)) for field, known in (own or {}).items()}
        wanted = dict.fromkeys([*(fields or FIELDS), *added, *required])
        vocabulary = {
            field: (*added.get(field, ()), *(_listed(FIELDS[field].headers) if field in FIELDS else ()))
            for field in wanted
        }
        return cls(vocabulary, tuple(required), {field: known.label for field, known in (own or {}).items()})

    def label(self, field: str) -> Text:
        if field in self.labels:
            return self.labels[field]
        known = FIELDS.get(field)
        return known.label if known else Text(*[(self.fields.get(field) or (field,))[0]] * 3)


@dataclass(frozen=True)
class Header:
    """Where the header of a table was found. `first` and `last` count its rows from 0; columns count from 0."""

    first: int
    last: int
    columns: Mapping[str, int]
    texts: Mapping[str, str]
    unmatched: tuple[str, ...]
    names: Mapping[int, str]  # of every column that has one, as it is shown and as a mapping names it
    strength: int  # how surely, and by how many words, the columns were recognised

    @property
    def rank(self) -> tuple[int, int, bool]:
        """Among equals one row wins over two: the row above is then a title, not a row of groups."""
        return len(self.columns), self.strength, self.first == self.last


class HeaderFinder:
    """Recognises the header of a layout among the first rows of a table.

    `mapping` is what the sender says: header text -> field, or "" where a column is to be left out. It goes before
    every guess. With `any_header`, the row with most texts is taken where none is recognised.
    """

    def __init__(self, layout: Layout, mapping: Mapping[str, str] | None = None, *, any_header: bool = False) -> None:
        self._layout, self._any_header = layout, any_header
        self._given = {fold(name): field for name, field in (mapping or {}).items()}
        self._whole: dict[str, str] = {}
        for field, headers in layout.fields.items():
            for header in headers:
                self._whole.setdefault(_known_key(header), field)
        self._whole.pop("", None)
        self._joined = dict(self._whole)
        for group, texts in _GROUPS.items():
            for field, target in _GROUPED[group].items():
                if target in layout.fields:
                    subs = (
                        *layout.fields.get(field, _listed(FIELDS[field].headers)),
                        *_HOUSEHOLD_SUBS.get(field, ()),
                    )
                    for key in (_known_key(f"{text} {sub}") for text in _listed(texts) for sub in subs):
                        self._joined.setdefault(key, target)

    def find(self, rows: Sequence[Sequence[Cell]]) -> Header | None:
        """The header among `rows`: the row, or pair of rows, that names most fields; None if none names enough."""
        best: Header | None = None
        texts = [[clean_header(cell) for cell in row] for row in rows]
        for index, row in enumerate(texts):
            candidates = [self._read(index, index, [""] * len(row), row)]
            if index + 1 < len(texts):
                candidates.append(self._read(index, index + 1, row, texts[index + 1]))
            for candidate in candidates:
                if best is None or candidate.rank > best.rank:
                    best = candidate
        if best is None:
            return None
        named = any(fold(name) in self._given for name in best.names.values())
        if not named and len(best.columns) < min(2, len(self._layout.fields)):
            return self._fullest(texts) if self._any_header else None
        return self._with_translation(best, texts)

    def _fullest(self, texts: Sequence[Sequence[str]]) -> Header:
        """The first of the rows with most texts, none of its columns recognised."""
        counts = [sum(1 for text in row if text and not text.isdecimal()) for row in texts]
        index = counts.index(max(counts))
        names = {column: text for column, text in enumerate(texts[index]) if text}
        return Header(index, index, {}, {}, tuple(names.values()), names, counts[index])

    def _with_translation(self, header: Header, texts: Sequence[Sequence[str]]) -> Header:
        """The header with the row below it, where that says the same again in another language."""
        if header.last + 1 < len(texts):
            below = texts[header.last + 1]
            again = self._read(0, 0, [""] * len(below), below).columns.items() & header.columns.items()
            if len(again) >= 2 and len(again) * 2 >= len(header.columns):
                return replace(header, last=header.last + 1)
        return header

    def _read(self, first: int, last: int, groups: Sequence[str], subs: Sequence[str]) -> Header:
        found: list[tuple[int, int, str]] = []  # (-weight, column, field): the surest first, then from the left
        names: dict[int, str] = {}
        group = ""
        for column in range(max(len(groups), len(subs))):
            own_group = groups[column] if column < len(groups) else ""
            sub = subs[column] if column < len(subs) else ""
            group = own_group or group  # a merged group, or one written once, covers the columns after it
            name = " / ".join(part for part in ((group if sub else own_group), sub) if part)
            if not name or fold(name).startswith(_OWN_COLUMNS):
                continue
            names[column] = name
            given = self._given.get(fold(name))
            candidates = {given: _GIVEN} if given is not None else self._candidates(group, own_group, sub)
            found += ((-weight, column, field) for field, weight in candidates.items() if field)
        columns: dict[str, int] = {}
        strength = 0
        for weight, column, field in sorted(found):
            if field not in columns and column not in columns.values():
                columns[field] = column
                strength -= weight
        unmatched = tuple(name for column, name in names.items() if column not in columns.values())
        texts = {field: names[columns[field]] for field in columns}
        return Header(first, last, columns, texts, unmatched, names, strength)

    def _candidates(self, group: str, own_group: str, sub: str) -> dict[str, int]:
        candidates: dict[str, int] = {}
        if sub and group:
            joined = self._joined.get(header_key(f"{group} {sub}"))
            if joined:
                candidates[joined] = _JOINED + len(header_key(f"{group} {sub}").split())
        text = sub or own_group
        for field, weight in self._alone(text).items():
            candidates.setdefault(field, weight)
        return candidates

    def _alone(self, text: str) -> dict[str, int]:
        key = header_key(text)
        bare = header_key(_PARENTHESES.sub(" ", text))
        for candidate in (key, bare):
            if candidate in self._whole:
                return self._with_second_choice(self._whole[candidate], _WHOLE + len(candidate.split()))
        for part in (header_key(part) for part in _ALTERNATIVES.split(_PARENTHESES.sub(" ", text))):
            if part in self._whole:
                return self._with_second_choice(self._whole[part], _ONE_OF_TWO + len(part.split()))
        return self._inside(bare.split())

    def _with_second_choice(self, field: str, weight: int) -> dict[str, int]:
        found = {field: weight}
        for second, first in _SECOND_CHOICE.items():
            if field == first and second in self._layout.fields:
                found[second] = _AGAIN
        return found

    def _inside(self, words: list[str]) -> dict[str, int]:
        """The longest header of two words or more inside a longer one: "N° téléphone (joignable)"."""
        if len(words) > TITLE_WORDS or _OTHER_PEOPLE.intersection(words):
            return {}
        for length in range(len(words) - 1, 1, -1):
            for start in range(len(words) - length + 1):
                field = self._whole.get(" ".join(words[start : start + length]))
                if field:
                    return {field: _INSIDE + length}
        return {}


def clean_header(cell: Cell) -> str:
    """A header cell on one line; a line break inside it is kept as a bar, because it often parts two languages."""
    if isinstance(cell, str):
        cell = re.sub(r"(?<=\S)[ \t]*[\r\n]+\s*(?=\S)", " | ", cell)
    text = clean_text(cell)
    return text if len(text) <= LONGEST_HEADER else ""
