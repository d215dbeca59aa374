"""Wilayas, moughataas and communes of the reference data, and invented villages within each commune."""

from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from random import Random
from unicodedata import combining, normalize

from cli.demo.names import Name, rows_of, split_variants

PLACES_PACKAGE = "services.registry"

# Census of 2023 prints no figure for these three; their sum is known (223,445) and split as in 2013.
UNPRINTED_POPULATION = {"MR09": 118_000, "MR11": 77_000, "MR12": 28_445}

MIN_VILLAGES, MAX_VILLAGES = 3, 12
NOUAKCHOTT = frozenset({"MR13", "MR14", "MR15"})
RIVER = frozenset({"MR04", "MR05", "MR06", "MR10"})

# Shares of hassaniya, pulaar, soninke and wolof names: ours, only meant to look right on a map.
GROUP_SHARES: dict[str, tuple[float, float, float, float]] = {
    "MR04": (0.42, 0.46, 0.12, 0.00),
    "MR05": (0.62, 0.37, 0.00, 0.01),
    "MR06": (0.78, 0.08, 0.00, 0.14),
    "MR10": (0.40, 0.25, 0.35, 0.00),
    "MR03": (0.90, 0.08, 0.02, 0.00),
    "MR13": (0.74, 0.15, 0.03, 0.08),
    "MR14": (0.85, 0.10, 0.02, 0.03),
    "MR15": (0.70, 0.19, 0.05, 0.06),
    "MR08": (0.80, 0.10, 0.03, 0.07),
}
INLAND_SHARES = (0.97, 0.02, 0.01, 0.0)

VILLAGE_STEMS = (
    ("Hassi", "حاسي"), ("Bir", "بير"), ("Guelb", "كلب"), ("Oum", "أم"), ("Aïn", "عين"), ("Debaye", "ادباي"),
    ("Oued", "واد"), ("Dar", "دار"), ("Boutha", "بطحة"), ("Kreye", "كراي"), ("Agneitir", "أكنيتير"),
)  # fmt: skip
VILLAGE_ENDS = (
    ("Lekhdar", "لخظر"), ("Labiadh", "لبيظ"), ("Jdid", "اجديد"), ("Lahmar", "لحمر"), ("El Barka", "البركة"),
    ("Salam", "السلام"), ("Ehel Taleb", "أهل الطالب"), ("Ehel Moctar", "أهل المختار"), ("Ehel Ahmed", "أهل أحمد"),
    ("Ehel Sidi", "أهل سيدي"), ("Touil", "اطويل"), ("Tichilit", "تيشليت"), ("Nkhal", "النخل"),
    ("Tourja", "تورجة"), ("Ehel Brahim", "أهل إبراهيم"), ("Zbara", "ازبارة"), ("Sder", "السدر"),
)  # fmt: skip
WORDS = (("Ehel", "أهل"), ("Ehl", "أهل"), ("Ould", "ولد"), ("Ahmed", "أحمد"), ("Abdallah", "عبد الله"))
RIVER_STEMS = (("Wouro", "ورو"), ("Sinthiane", "سنتيان"), ("Sarandougou", "سارندوغو"), ("Hore", "هوري"))
RIVER_ENDS = (
    ("Samba", "صمبا"), ("Boubou", "بوبو"), ("Demba", "دمبا"), ("Yéro", "ييرو"), ("Amadou", "آمادو"),
    ("Diéri", "جيري"), ("Walo", "والو"), ("Moussa", "موسى"), ("Bocar", "بوكار"),
)  # fmt: skip
TOWN_QUARTERS = (
    ("Secteur 1", "القطاع 1"), ("Secteur 2", "القطاع 2"), ("Secteur 3", "القطاع 3"), ("Secteur 5", "القطاع 5"),
    ("Carrefour", "كرفور"), ("Kouva", "كوفة"), ("Bloc A", "بلوك أ"), ("Mellah", "ملاح"), ("Tarhil", "الترحيل"),
    ("Netteg", "انتك"), ("Basra", "البصرة"), ("Medina 3", "مدينة 3"), ("Bouhdida", "بوحديدة"),
)  # fmt: skip

# Communes have no Arabic name in the reference data: clerks write them by ear, and so does this table.
BY_EAR = (
    ("ch", "ش"), ("dj", "ج"), ("gh", "غ"), ("gu", "ك"), ("kh", "خ"), ("dh", "ظ"), ("th", "ث"), ("ou", "و"), ("é", "ي"),
    ("è", "ي"), ("ï", "ي"), ("a", "ا"), ("b", "ب"), ("c", "س"), ("d", "د"), ("e", ""), ("f", "ف"), ("g", "ك"),
    ("h", "ه"), ("i", "ي"), ("j", "ج"), ("k", "ك"), ("l", "ل"), ("m", "م"), ("n", "ن"), ("o", "و"), ("p", "ب"),
    ("q", "ق"), ("r", "ر"), ("s", "س"), ("t", "ت"), ("u", "و"), ("v", "ف"), ("w", "و"), ("y", "ي"), ("z", "ز"),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Commune:
    """A commune with everything above and below it. `weight` is its share of households (any unit)."""

    code: str
    name: Name
    moughataa_code: str
    moughataa: Name
    wilaya_code: str
    wilaya: Name
    weight: float
    villages: tuple[Name, ...] = field(repr=False)
    village_weights: tuple[float, ...] = field(repr=False)

    @property
    def is_urban(self) -> bool:
        return self.wilaya_code in NOUAKCHOTT

    @property
    def group_shares(self) -> tuple[float, float, float, float]:
        return GROUP_SHARES.get(self.wilaya_code, INLAND_SHARES)

    def draw_village(self, rng: Random) -> Name:
        return rng.choices(self.villages, cum_weights=self.village_weights)[0]


def fold(text: str) -> str:
    """Lower case without accents, spaces and signs: two spellings of one Latin place name often meet."""
    return "".join(c for c in normalize("NFKD", text.lower()) if c.isalnum() and not combining(c))


def arabic_by_ear(latin: str) -> str:
    """An Arabic spelling a clerk could write for a Latin place name."""
    known = {fold(latin): arabic for latin, arabic in (*VILLAGE_STEMS, *WORDS)}
    words = []
    for word in latin.lower().replace("'", "").replace("(", "").replace(")", "").split():
        if word == "el":
            words.append("ال")
            continue
        if fold(word) in known:
            words.append(known[fold(word)])
            continue
        letters = "ا" if word[0] in "eé" else ""
        while word:
            latin_part, arabic = next(((p, a) for p, a in BY_EAR if word.startswith(p)), (word[0], ""))
            # A doubled letter is written once.
            letters += "" if letters.endswith(arabic) else arabic
            word = word[len(latin_part) :]
        words.append(letters)
    return " ".join(words).replace("ال ", "ال")


def invent_villages(code: str, wilaya_code: str) -> tuple[Name, ...]:
    """The villages of one commune: always the same for a code, whatever the seed of the people."""
    rng = Random(f"villages:{code}")
    count = rng.randint(MIN_VILLAGES, MAX_VILLAGES)
    if wilaya_code in NOUAKCHOTT:
        return tuple(Name(*quarter) for quarter in rng.sample(TOWN_QUARTERS, count))
    villages: dict[str, Name] = {}
    while len(villages) < count:
        river = wilaya_code in RIVER and rng.random() < 0.5
        stem = rng.choice(RIVER_STEMS if river else VILLAGE_STEMS)
        end = rng.choice(RIVER_ENDS if river else VILLAGE_ENDS)
        village = Name(f"{stem[0]} {end[0]}", f"{stem[1]} {end[1]}")
        villages[village.latin] = village
    return tuple(villages.values())


def _place_name(row: dict[str, str]) -> Name:
    return Name(
        row["name_fr"],
        row["name_ar"],
        split_variants(row["latin_variants"]),
        split_variants(row["arabic_variants"]),
    )


def _commune_name(latin: str, moughataa: Name) -> Name:
    seat = {fold(spelling) for spelling in (moughataa.latin, *moughataa.latin_variants)}
    if fold(latin) in seat:
        return Name(latin, moughataa.arabic, moughataa.latin_variants, moughataa.arabic_variants)
    return Name(latin, arabic_by_ear(latin))


def _wilaya_populations(wilayas: dict[str, dict[str, str]]) -> dict[str, int]:
    return {
        code: int(row["population_2023"]) if row["population_2023"] else UNPRINTED_POPULATION[code]
        for code, row in wilayas.items()
    }


def _moughataa_populations(moughataas: dict[str, dict[str, str]], wilayas: dict[str, int]) -> dict[str, float]:
    """The printed census figure, else an equal part of what the wilaya's printed moughataas leave."""
    populations: dict[str, float] = {}
    for wilaya, total in wilayas.items():
        inside = {code: row for code, row in moughataas.items() if row["wilaya_pcode"] == wilaya}
        printed = {c: int(r["population_2023"]) for c, r in inside.items() if r["population_2023"]}
        rest = max(total - sum(printed.values()), 0) / max(len(inside) - len(printed), 1)
        populations |= {code: float(printed.get(code, rest)) for code in inside}
    return populations


@cache
def communes() -> tuple[Commune, ...]:
    """Every commune, in the order of its code. The seat of a moughataa weighs three of its other communes."""
    wilayas = {row["pcode"]: row for row in rows_of(PLACES_PACKAGE, "wilayas.csv")}
    moughataas = {row["pcode"]: row for row in rows_of(PLACES_PACKAGE, "moughataas.csv")}
    populations = _moughataa_populations(moughataas, _wilaya_populations(wilayas))
    rows = sorted(rows_of(PLACES_PACKAGE, "communes.csv"), key=lambda row: row["local_code"])
    shares = {row["local_code"]: 3.0 if row["local_code"].endswith("-C01") else 1.0 for row in rows}
    totals: dict[str, float] = {}
    for row in rows:
        totals[row["moughataa_pcode"]] = totals.get(row["moughataa_pcode"], 0.0) + shares[row["local_code"]]
    found = []
    for row in rows:
        code, above = row["local_code"], row["moughataa_pcode"]
        moughataa = _place_name(moughataas[above])
        villages = invent_villages(code, row["wilaya_pcode"])
        found.append(
            Commune(
                code=code,
                name=_commune_name(row["name_fr"], moughataa),
                moughataa_code=above,
                moughataa=moughataa,
                wilaya_code=row["wilaya_pcode"],
                wilaya=_place_name(wilayas[row["wilaya_pcode"]]),
                weight=populations[above] * shares[code] / totals[above],
                villages=villages,
                village_weights=tuple(accumulate(1 / rank for rank in range(1, len(villages) + 1))),
            )
        )
    return tuple(found)
