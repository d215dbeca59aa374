"""Messages in the three languages of Tekamoul, and texts as they are decoded, cleaned and compared (folded)."""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO, Literal

Cell = str | int | float | date | datetime | None
Language = Literal["ar", "fr", "en"]
LANGUAGES: tuple[Language, ...] = ("ar", "fr", "en")


@dataclass(frozen=True, slots=True)
class Text:
    """One message, written once per language; the Arabic one is shown right to left."""

    ar: str
    fr: str
    en: str

    def in_(self, language: str) -> str:
        """The message in `language` ("ar", "fr-MR", ...); French, the working language, for any other."""
        primary = language.replace("_", "-").split("-", 1)[0].strip().casefold()
        if primary == "ar":
            return self.ar
        if primary == "en":
            return self.en
        return self.fr

    def format(self, **values: object) -> Text:
        """The same message with its `{name}` places filled in all three languages."""
        return Text(
            ar=self.ar.format(**values),
            fr=self.fr.format(**values),
            en=self.en.format(**values),
        )


_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u0640]")  # also the tatweel
# Forms made for old terminals and fonts, which NFKC turns into ordinary letters. Not U+FDF0-FDFD: one sign, many words.
_COMPATIBILITY = re.compile("[\ufb00-\ufdcf\ufe70-\ufefc\uff01-\uff5e]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_DIGITS = {
    first + value: str(value)
    for first in (0x0660, 0x06F0)  # Arabic-Indic, Persian
    for value in range(10)
}
_LETTERS = str.maketrans(
    {"ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ہ": "ه", "ھ": "ه", "ٱ": "ا", "ء": "", "œ": "oe", "æ": "ae"}
)


def fold_digits(text: str) -> str:
    """Arabic-Indic and Persian digits as 0 to 9."""
    return text.translate(_DIGITS)


def clean_text(cell: Cell) -> str:
    """A cell as one line of text: single spaces, no tatweel, nothing invisible, ordinary letter forms."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if not isinstance(cell, str):
        return cell.isoformat() if isinstance(cell, date) else str(cell)
    text = cell
    if not text.isascii():  # the common cell of digits or Latin letters needs no table
        text = _COMPATIBILITY.sub(lambda found: unicodedata.normalize("NFKC", found[0]), _INVISIBLE.sub("", text))
        text = unicodedata.normalize("NFC", text)
    return " ".join(_CONTROL.sub(" ", text).split())


def fold(cell: Cell) -> str:
    """A text as it is compared: no case, accents, vowel signs or punctuation; Arabic letters of one family as one."""
    text = unicodedata.normalize("NFKD", fold_digits(clean_text(cell)).translate(_LETTERS)).casefold()
    kept = (
        letter.translate(_LETTERS) if letter.isalnum() else " " for letter in text if not unicodedata.combining(letter)
    )
    return " ".join("".join(kept).split())


_BETWEEN = "[\\s\u0640\u064b-\u0652]*"  # letters are spread by spaces, tatweel or vowel signs
_TOTAL_WORDS = "total totaux totale totals المجموع مجموع الجملة جملة الإجمالي الاجمالي إجمالي اجمالي"
_TOTAL = re.compile(
    r"\W*(?:(?:sous|s|grand|nombre|nb|effectif|montant|العدد|المبلغ)\W+)?"
    rf"(?:{'|'.join(_BETWEEN.join(word) for word in _TOTAL_WORDS.split())})(?![^\W\d_])",
    re.IGNORECASE,
)


def announces_total(text: str) -> bool:
    """Whether a cell is the label of a totals row: "TOTAL", "Sous-total", "المجمـــوع العام"."""
    return _TOTAL.match(text) is not None


ENOUGH_LETTERS = 20_000  # beyond ASCII, to tell the encoding of a file
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# The letters CP1256 has where CP1252 has accented capitals and foreign letters; French small letters are at the same
# place in both. Beside another such letter they are Arabic, beside an ASCII letter they are a French capital: MÉNAGE.
_ARABIC = rb"[\xc1-\xd6\xd8-\xdf\xe1\xe3-\xe6\xec\xed\xf0-\xf3\xf5\xf6\xf8\xfa]"
_ARABIC_WORD = re.compile(_ARABIC + rb"{2,}")
_FRENCH_CAPITAL = re.compile(rb"[A-Za-z]" + _ARABIC + rb"|" + _ARABIC + rb"[A-Za-z]")
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(1024**2):
        yield chunk


def guess_encoding(file: BinaryIO) -> str | None:
    """UTF-8, UTF-16, CP1256 or CP1252, from the whole of a file; None when it is no text."""
    file.seek(0)
    start = file.read(65_536)
    for bom, name in _BOMS:
        if start.startswith(bom):
            return name
    if b"\0" in start:
        return _utf16(start)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(file):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _eight_bit_encoding(file)
    return "utf-8"


def _utf16(start: bytes) -> str | None:
    """UTF-16 without its mark; anything else with null bytes is no text."""
    name = "utf-16-le" if start[1::2].count(0) > start[::2].count(0) else "utf-16-be"
    text = start[: len(start) // 2 * 2].decode(name, errors="replace")
    controls = sum(character < " " and character not in "\t\r\n" for character in text)
    return name if controls * 100 <= len(text) and re.search("[\r\n]", text) else None


def _eight_bit_encoding(file: BinaryIO) -> str:
    utf8 = strays = arabic = french = 0
    for chunk in _chunks(file):
        letters = _UTF8_LETTER.findall(chunk)
        utf8 += len(letters)
        strays += len(_HIGH_BYTE.findall(chunk)) - sum(map(len, letters))
        arabic += len(_ARABIC_WORD.findall(chunk))
        french += len(_FRENCH_CAPITAL.findall(chunk))
        if utf8 + strays > ENOUGH_LETTERS:
            break
    if utf8 > 20 * strays:
        return "utf-8"  # a few damaged bytes must not make nonsense of every other name
    return "cp1256" if arabic > french else "cp1252"


# What can be wrong with the value of a cell. The texts say what is accepted and never repeat the value.
PROBLEMS: Mapping[str, Text] = {
    "nni_check_failed": Text(
        ar="رقم التعريف الوطني لا يجتاز فحص التحقق؛ يُرجى مراجعة أرقامه العشرة",
        fr="le NNI ne satisfait pas sa clé de contrôle ; vérifier ses dix chiffres",
        en="the national id fails its check; verify its ten digits",
    ),
    "nni_precision_lost": Text(
        ar="حُفظ رقم التعريف الوطني بصيغة علمية ففُقدت أرقام منه؛ المقبول: عشرة أرقام في خلية نصية",
        fr="le NNI a été enregistré en notation scientifique et a perdu des chiffres ; accepté : dix chiffres en format texte",
        en="the national id was saved in scientific notation and lost digits; accepted: ten digits in a text cell",
    ),
    "nni_unreadable": Text(
        ar="هذا ليس رقم تعريف وطني؛ المقبول: عشرة أرقام",
        fr="ceci n'est pas un NNI ; accepté : dix chiffres",
        en="this is not a national id; accepted: ten digits",
    ),
    "phone_unreadable": Text(
        ar="رقم هاتف غير معروف؛ المقبول: ثمانية أرقام تبدأ بـ 2 أو 3 أو 4، مع ‎+222 أو بدونها",
        fr="numéro de téléphone non reconnu ; accepté : huit chiffres commençant par 2, 3 ou 4, avec ou sans +222",
        en="phone number not recognised; accepted: eight digits starting with 2, 3 or 4, with or without +222",
    ),
    "date_unreadable": Text(
        ar="تاريخ غير مقروء؛ المقبول: يوم/شهر/سنة، أو سنة-شهر-يوم، أو السنة وحدها",
        fr="date illisible ; accepté : jj/mm/aaaa, aaaa-mm-jj ou l'année seule",
        en="unreadable date; accepted: dd/mm/yyyy, yyyy-mm-dd or the year alone",
    ),
    "date_impossible": Text(
        ar="هذا اليوم غير موجود في التقويم؛ المقبول: يوم/شهر/سنة",
        fr="ce jour n'existe pas dans le calendrier ; accepté : jj/mm/aaaa",
        en="this day does not exist in the calendar; accepted: dd/mm/yyyy",
    ),
    "date_before_1900": Text(
        ar="التاريخ قبل سنة 1900؛ المقبول: تاريخ بين 1900 واليوم",
        fr="date antérieure à 1900 ; accepté : une date entre 1900 et aujourd'hui",
        en="the date is before 1900; accepted: a date between 1900 and today",
    ),
    "date_in_future": Text(
        ar="التاريخ في المستقبل؛ المقبول: تاريخ لا يتجاوز {latest}",
        fr="date dans le futur ; accepté : une date jusqu'au {latest}",
        en="the date is in the future; accepted: a date up to {latest}",
    ),
    "date_day_required": Text(
        ar="السنة وحدها لا تكفي هنا؛ المقبول: يوم/شهر/سنة",
        fr="l'année seule ne suffit pas ici ; accepté : jj/mm/aaaa",
        en="the year alone is not enough here; accepted: dd/mm/yyyy",
    ),
    "date_two_digit_year": Text(
        ar="كُتبت السنة برقمين ففُهم القرن تقديرًا؛ يُرجى كتابة السنة بأربعة أرقام",
        fr="année écrite sur deux chiffres, siècle supposé ; écrire l'année sur quatre chiffres",
        en="the year has two digits and its century was assumed; write the year with four digits",
    ),
    "amount_unreadable": Text(
        ar="مبلغ غير مقروء؛ المقبول: عدد مثل 3600 أو ‎3 600,00",
        fr="montant illisible ; accepté : un nombre comme 3600 ou 3 600,00",
        en="unreadable amount; accepted: a number such as 3600 or 3 600.00",
    ),
    "amount_negative": Text(
        ar="المبلغ سالب؛ المقبول: صفر أو أكثر",
        fr="montant négatif ; accepté : zéro ou plus",
        en="negative amount; accepted: zero or more",
    ),
    "amount_too_large": Text(
        ar="المبلغ كبير جدًا؛ المقبول: أقل من ألف مليار أوقية جديدة",
        fr="montant trop grand ; accepté : moins de mille milliards de MRU",
        en="amount too large; accepted: less than a thousand billion MRU",
    ),
    "amount_too_fine": Text(
        ar="في المبلغ أكثر من رقمين بعد الفاصلة؛ المقبول: أوقية جديدة برقمين بعد الفاصلة على الأكثر",
        fr="le montant a plus de deux décimales ; accepté : des MRU avec deux décimales au plus",
        en="the amount has more than two decimals; accepted: MRU with at most two decimals",
    ),
    "amount_unit_differs": Text(
        ar="الخلية تذكر عملة غير {unit} المصرَّح بها للملف؛ اعتُمدت {unit}",
        fr="la cellule nomme une autre unité que {unit}, déclarée pour le fichier ; {unit} a été retenue",
        en="the cell names another unit than {unit}, declared for the file; {unit} was used",
    ),
    "integer_unreadable": Text(
        ar="هذا ليس عددًا صحيحًا؛ المقبول: عدد من {minimum} إلى {maximum}",
        fr="ceci n'est pas un nombre entier ; accepté : un nombre de {minimum} à {maximum}",
        en="this is not a whole number; accepted: a number from {minimum} to {maximum}",
    ),
    "integer_out_of_range": Text(
        ar="العدد خارج الحدود؛ المقبول: من {minimum} إلى {maximum}",
        fr="nombre hors limites ; accepté : de {minimum} à {maximum}",
        en="the number is out of range; accepted: from {minimum} to {maximum}",
    ),
    "sex_unreadable": Text(
        ar="الجنس غير معروف؛ المقبول: ذكر أو أنثى، M أو F",
        fr="sexe non reconnu ; accepté : M ou F, homme ou femme, garçon ou fille",
        en="sex not recognised; accepted: M or F, male or female",
    ),
    "choice_unreadable": Text(
        ar="قيمة غير معروفة؛ المقبول: {accepted}",
        fr="valeur non reconnue ; accepté : {accepted}",
        en="value not recognised; accepted: {accepted}",
    ),
}


# Why a file cannot be read as the list it should be.
TABLE_PROBLEMS: Mapping[str, Text] = {
    "empty_file": Text(
        ar="الملف فارغ؛ المقبول: ملف ‎.xlsx أو ‎.csv فيه سطر عناوين وتحته الأسطر",
        fr="le fichier est vide ; accepté : un fichier .xlsx ou .csv avec une ligne d'en-têtes et les lignes en dessous",
        en="the file is empty; accepted: an .xlsx or .csv file with a header row and the rows below it",
    ),
    "password_protected": Text(
        ar="الملف محمي بكلمة مرور؛ أزل كلمة المرور في إكسل واحفظه بصيغة ‎.xlsx ثم أعد إرساله",
        fr="le fichier est protégé par un mot de passe ; l'enlever dans Excel, enregistrer en .xlsx et renvoyer",
        en="the file is protected by a password; remove it in Excel, save as .xlsx and send it again",
    ),
    "has_macros": Text(
        ar="في الملف وحدات ماكرو؛ احفظه في إكسل بصيغة ‎.xlsx التي لا تحتوي عليها ثم أعد إرساله",
        fr="le fichier contient des macros ; l'enregistrer dans Excel en .xlsx, qui n'en contient pas, et le renvoyer",
        en="the file contains macros; save it in Excel as .xlsx, which has none, and send it again",
    ),
    "wrong_extension": Text(
        ar="محتوى الملف ليس ما يقوله اسمه، ولا يمكن قراءته؛ المقبول: ‎.xlsx بلا كلمة مرور أو ‎.csv",
        fr="le contenu n'est pas celui que dit le nom du fichier, et ne peut pas être lu ; accepté : .xlsx sans mot de passe"
        " ou .csv",
        en="the content is not what the file's name says, and cannot be read; accepted: .xlsx without a password, or .csv",
    ),
    "content_differs_from_name": Text(
        ar="محتوى الملف ليس ما يقوله اسمه؛ قُرئ بحسب محتواه",
        fr="le contenu n'est pas celui que dit le nom du fichier ; il a été lu d'après son contenu",
        en="the content is not what the file's name says; it was read by its content",
    ),
    "unknown_mapping_header": Text(
        ar="العناوين التالية المذكورة في مطابقة الأعمدة غير موجودة في الملف: {headers}",
        fr="ces en-têtes de la correspondance n'existent pas dans le fichier : {headers}",
        en="these headers of the mapping do not exist in the file: {headers}",
    ),
    "unsupported_format": Text(
        ar="لا يمكن قراءة هذا النوع من الملفات؛ المقبول: ‎.xlsx بلا كلمة مرور أو ‎.csv",
        fr="ce type de fichier ne peut pas être lu ; accepté : .xlsx sans mot de passe ou .csv",
        en="this kind of file cannot be read; accepted: .xlsx without a password, or .csv",
    ),
    "damaged_file": Text(
        ar="الملف تالف أو غير مكتمل؛ افتحه في إكسل واحفظه من جديد بصيغة ‎.xlsx أو ‎.csv ثم أعد إرساله",
        fr="le fichier est abîmé ou incomplet ; l'ouvrir dans Excel, l'enregistrer de nouveau en .xlsx ou .csv et le renvoyer",
        en="the file is damaged or incomplete; open it in Excel, save it again as .xlsx or .csv and send it again",
    ),
    "header_not_found": Text(
        ar="لم يُعثر على سطر العناوين في أول {rows} سطرًا؛ المقبول: سطر فيه أعمدة مثل {fields}",
        fr="la ligne d'en-têtes est introuvable dans les {rows} premières lignes ; accepté : une ligne avec des colonnes"
        " telles que {fields}",
        en="no header was found in the first {rows} rows; accepted: a row with columns such as {fields}",
    ),
    "missing_columns": Text(
        ar="أعمدة لازمة غير موجودة: {fields}؛ المقبول: ملف يحتوي عليها بهذه العناوين أو ما يرادفها",
        fr="colonnes obligatoires absentes : {fields} ; accepté : un fichier qui les contient sous ces en-têtes ou un synonyme",
        en="required columns are missing: {fields}; accepted: a file that has them under these headers or a synonym",
    ),
    "too_many_rows": Text(
        ar="عدد الأسطر يتجاوز الحد؛ المقبول: {rows} سطر في الملف الواحد",
        fr="trop de lignes ; accepté : {rows} lignes par fichier, à envoyer en plusieurs fichiers",
        en="too many rows; accepted: {rows} rows in one file, sent as several files",
    ),
    "too_large": Text(
        ar="الملف كبير جدًا؛ المقبول: {megabytes} ميغابايت (‎.xlsx: {workbook_megabytes}) و{columns} عمود و{rows} سطر، بلا خلايا مكتوبة بعيدًا عن القائمة",
        fr="fichier trop grand ; accepté : {megabytes} Mo (.xlsx : {workbook_megabytes}), {columns} colonnes et {rows} lignes, sans cellule loin de la liste",
        en="the file is too large; accepted: {megabytes} MB (.xlsx: {workbook_megabytes}), {columns} columns and {rows} rows, no cell far from the list",
    ),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a value (or was, before it was mended), and what would be accepted."""

    code: str
    text: Text

    @classmethod
    def of(cls, code: str, **values: object) -> Problem:
        return cls(code, PROBLEMS[code].format(**values))
