"""Three people of the registry, to be found from what lists say of them."""

from matching_cases import household, member

YAHYA, ZEINEBOU, MOUSSA = 1, 2, 3
PEOPLE = (
    household(YAHYA, member(YAHYA, "Yahya Ould Cheikhna Ould Demba", nni="9900000033", birth_date="1981-04-09")),
    household(
        ZEINEBOU,
        member(ZEINEBOU, "Zeinebou Mint Sidaty Ould Lekhlive", sex="F", birth_date="1975-11-20", nni="9900000130"),
        phones=["+22222334455"],
    ),
    household(
        MOUSSA, member(MOUSSA, "Moussa Ould Khattri Ould Tourad", birth_date="1990-06-15"), commune_code="MR011-C02"
    ),
)
