"""What is refused about exports of a programs service."""

from shared.errors import Refusal
from shared.text import Text


class FilterMissing(Refusal):
    code, status = "filter_missing", 422
    text = Text(
        ar="يلزم لهذا التصدير الحقل «{filter}».",
        fr="Cet export a besoin du champ « {filter} ».",
        en="This export needs the field “{filter}”.",
    )
