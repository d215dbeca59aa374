"""What is refused about enrollments."""

from shared.errors import Refusal
from shared.text import Text


class EnrollmentNotActive(Refusal):
    code, status = "enrollment_not_active", 409
    text = Text(
        ar="هذا التسجيل في حالة «{status}»؛ لا يُعلَّق إلا تسجيل في حالة «enrolled».",
        fr="Cette inscription est à l'état « {status} » ; seule une inscription « enrolled » peut être suspendue.",
        en="This enrollment is “{status}”; only one that is “enrolled” can be suspended.",
    )


class EnrollmentNotSuspended(Refusal):
    code, status = "enrollment_not_suspended", 409
    text = Text(
        ar="هذا التسجيل في حالة «{status}»؛ لا يُستأنف إلا تسجيل في حالة «suspended».",
        fr="Cette inscription est à l'état « {status} » ; seule une inscription « suspended » peut reprendre.",
        en="This enrollment is “{status}”; only one that is “suspended” can be resumed.",
    )


class EnrollmentExited(Refusal):
    code, status = "enrollment_exited", 409
    text = Text(
        ar="انتهى هذا التسجيل من قبل. العودة إلى البرنامج تسجيل جديد.",
        fr="Cette inscription a déjà pris fin. Un retour au programme est une inscription nouvelle.",
        en="This enrollment has already ended. A return to the program is a new enrollment.",
    )
