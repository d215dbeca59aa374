"""What is refused of questions about eligibility."""

from shared.errors import Refusal
from shared.text import Text


class NotByHousehold(Refusal):
    code, status = "program_not_by_household", 409
    text = Text(
        ar="لا قاعدة لهذا البرنامج يختار بها الأسر في {day}، فلا يمكن القول من تعنيه. تُنشر القاعدة مع البرنامج في eligibility.",
        fr="Ce programme n'a pas de règle par laquelle il choisit des ménages au {day} ; on ne peut dire qui il vise. Une règle se"
        " publie avec le programme, dans eligibility.",
        en="This program has no rule by which it chooses households on {day}, so whom it means cannot be told. A rule is published"
        " with the program, in eligibility.",
    )
