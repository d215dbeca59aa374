"""What is refused about partners and what they show."""

from shared.errors import Refusal
from shared.text import Text


class PartnerKnown(Refusal):
    code, status = "partner_known", 409
    text = Text(
        ar="يوجد شريك بالرمز {partner}. اختاروا رمزا آخر أو عدّلوا الموجود.",
        fr="Un partenaire {partner} existe déjà. Prenez un autre code, ou modifiez celui-ci.",
        en="There is a partner {partner} already. Take another code, or change that one.",
    )


class KeyUnusable(Refusal):
    code, status = "key_unusable", 422
    text = Text(
        ar="المقبول: مفتاح عام (JWK) من نوع P-256 أو Ed25519، دون الجزء الخاص ودون عناوين أو شهادات.",
        fr="Accepté : une clé publique JWK, P-256 ou Ed25519, sans partie privée, ni adresse, ni certificat.",
        en="Accepted: a public key as JWK, P-256 or Ed25519, without a private part, an address or a certificate.",
    )


class KeyKnown(Refusal):
    code, status = "key_known", 409
    text = Text(
        ar="هذا المفتاح ({kid}) مسجل لديكم أو سبق أن سُجل. أنشئوا زوج مفاتيح جديدا.",
        fr="Cette clé ({kid}) est ou a été enregistrée chez vous. Créez une nouvelle paire de clés.",
        en="This key ({kid}) is or has been registered for you. Make a new key pair.",
    )


class TooManyCredentials(Refusal):
    code, status = "too_many_credentials", 409
    text = Text(
        ar="لديكم {limit} مفاتيح وأسرار سارية، وهو الحد الأقصى. ألغوا واحدا أولا.",
        fr="Vous avez déjà {limit} clés et secrets valables, le maximum. Révoquez-en un d'abord.",
        en="You have {limit} good keys and secrets already, the most allowed. Revoke one first.",
    )


class PartnerInNoFile(Refusal):
    code, status = "partner_in_no_file", 409
    text = Text(
        ar="لا يوجد الشريك {partner} في ملف شركاء هذا الإصدار. غيّروا صلاحياته مباشرة.",
        fr="Le fichier des partenaires de cette version n'a pas {partner}. Modifiez ses permissions directement.",
        en="The partners' file of this version does not have {partner}. Change its permissions directly.",
    )
