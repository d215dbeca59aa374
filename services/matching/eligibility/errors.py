"""What is refused of questions about eligibility."""

from collections.abc import Mapping

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


class ReplayOfTheFuture(Refusal):
    code = "replay_of_the_future"
    text = Text(
        ar="لا يُعاد يوم لم يأت بعد. المقبول: يوم ولحظة إلى الآن.",
        fr="Un jour qui n'est pas venu ne se rejoue pas. Accepté : un jour et un moment jusqu'à présent.",
        en="A day that has not come cannot be replayed. Accepted: a day and a moment up to now.",
    )


class ReplayEnded(Refusal):
    code, status = "eligibility_replay_ended", 409
    text = Text(
        ar="انتهت هذه الإعادة أو أُلغيت من قبل.",
        fr="Ce rejeu est déjà terminé ou annulé.",
        en="This replay has ended or was cancelled already.",
    )


class ReplayNotDone(Refusal):
    code, status = "eligibility_replay_not_done", 409
    text = Text(
        ar="هذه الإعادة لم تكتمل بعد؛ انظر حالتها في ‎GET /v1/eligibility-replays/…‎.",
        fr="Ce rejeu n'est pas achevé ; voir son état dans GET /v1/eligibility-replays/….",
        en="This replay is not complete; see its status at GET /v1/eligibility-replays/….",
    )


REPLAY_FAILURES: Mapping[str, Text] = {
    "program_not_published_then": Text(
        ar="لم يكن البرنامج منشورا في تلك اللحظة.",
        fr="Le programme n'était pas encore publié à ce moment.",
        en="The program was not published yet at that moment.",
    ),
    "program_not_by_household": Text(
        ar="لم تكن للبرنامج قاعدة يختار بها الأسر في ذلك اليوم.",
        fr="Le programme n'avait pas de règle par laquelle il choisit des ménages ce jour-là.",
        en="The program had no rule by which it chooses households on that day.",
    ),
    "replay_failed": Text(
        ar="توقفت الإعادة بخطأ من جانبنا، وقد سُجّل.",
        fr="Le rejeu s'est arrêté sur une erreur de notre côté, enregistrée.",
        en="The replay stopped on a fault of ours, recorded.",
    ),
}
"""Why a replay has failed."""
