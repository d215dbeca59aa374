"""What the registry refuses."""

from shared.errors import Refusal
from shared.text import Text


class UnknownKindOfFile(Refusal):
    code, status = "unknown_kind_of_file", 422
    text = Text(
        ar="السجل لا يقبل إلا الملفات من نوع «households».",
        fr="Le registre n'accepte que les fichiers de type « households ».",
        en="The registry only takes files of kind “households”.",
    )
