"""Who may come in by which door, and what stands open without a token."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from journeys.asking import enrollments
from whole_platform import LoadedPlatform, WholePlatform

PROCESSES = {
    "registry": "/registry",
    "programs-taazour": "/programs/taazour",
    "programs-csa": "/programs/csa",
    "programs-masef": "/programs/masef",
    "programs-men": "/programs/men",
    "programs-partners": "/programs/partners",
    "matching": "/matching",
}


@pytest.fixture
def stranger(platform: WholePlatform) -> Iterator[httpx.Client]:
    """Somebody without a token."""
    with httpx.Client(base_url=platform.gateway_url, timeout=30, trust_env=False) as client:
        yield client


def test_health_needs_no_token_and_says_nothing_of_partners(platform: WholePlatform, stranger: httpx.Client) -> None:
    assert stranger.get("/health/live").json() == {"alive": True}
    ready = stranger.get("/health/ready")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    status = stranger.get("/health/status")
    assert status.status_code == 200
    assert [one["name"] for one in status.json()["processes"]] == list(PROCESSES)
    for partner in json.loads(platform.door.credentials_file.read_text()):
        if partner not in ("taazour", "csa", "masef", "men"):  # also names of processes
            assert partner not in status.text


@pytest.mark.parametrize(("process", "prefix"), PROCESSES.items())
def test_each_service_says_how_it_stands(
    platform: WholePlatform, stranger: httpx.Client, process: str, prefix: str
) -> None:
    status: dict[str, Any] = stranger.get(f"{prefix}/health/status").json()
    assert status["process"] == process
    assert status["pid"] == platform.ready["pids"][process]
    assert (status["database"], status["nats"], status["dead_letters"]) == (True, True, 0)
    assert status["schema_revision"]
    assert status["commit"] not in ("", None)


def test_the_documentation_describes_every_service(stranger: httpx.Client) -> None:
    assert stranger.get("/docs").status_code == 200
    described = stranger.get("/openapi.json").json()
    for path in (
        "/oauth2/token",
        "/v1/events",
        "/registry/v1/households",
        "/programs/{institution}/v1/enrollments",
        "/programs/{institution}/v1/imports",
        "/matching/v1/links",
    ):
        assert path in described["paths"]
    assert not [path for path in described["paths"] if "internal" in path]


def test_the_dashboard_answers_whoever_signed_in(platform: WholePlatform, stranger: httpx.Client) -> None:
    led = stranger.get(platform.ready["dashboard_url"])
    assert (led.status_code, led.headers["location"]) == (303, "/dashboard/sign-in")
    session = {"Cookie": f"tekamoul_session={platform.session()}"}
    answer = stranger.get(platform.ready["dashboard_url"], headers=session)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for process in PROCESSES:
        assert process in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/v1/events",
        "/registry/v1/households",
        "/programs/taazour/v1/enrollments",
        "/programs/csa/v1/programs",
        "/matching/v1/overlaps",
    ],
)
def test_nothing_else_opens_without_a_token(stranger: httpx.Client, path: str) -> None:
    assert stranger.get(path).status_code == 401
    assert stranger.get(path, headers={"Authorization": "Bearer x.y.z"}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/registry/internal/places",
        "/programs/csa/internal/programs",
        "/registry/metrics",
        "/programs/x/v1/programs",
        "/internal/dead-letters",
    ],
)
def test_what_is_internal_is_not_there(platform: WholePlatform, stranger: httpx.Client, path: str) -> None:
    token = platform.tekamoul("token", "--partner", "taazour").stdout.strip()
    assert stranger.get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 404


async def test_a_partner_reads_its_own_programs_only(loaded: LoadedPlatform) -> None:
    platform = loaded.platform
    theirs = (await enrollments(platform, "TEKAVOUL"))[0]["id"]
    async with platform.client("cnam") as client:
        kept = {one["program"] async for one in client.pages("/programs/taazour/v1/enrollments")}
        assert kept == {"HEALTH_INSURANCE"}
        assert (await client.get("/programs/taazour/v1/enrollments", program="TEKAVOUL"))["items"] == []
        for path in (
            f"/programs/taazour/v1/enrollments/{theirs}",
            f"/programs/taazour/v1/enrollments/{theirs}/history",
        ):
            await refused(client.get(path), 404)
        assert (await client.get("/matching/v1/links", program="TEKAVOUL"))["items"] == []
        await refused(client.get(f"/matching/v1/links/{theirs}"), 404)
        await refused(client.get("/registry/v1/households"), 403)
        suspend = client.call(
            "POST", f"/programs/taazour/v1/enrollments/{theirs}/suspend", content=b'{"reason":"absent"}'
        )
        await refused(suspend, 404, 422, 428)
    async with platform.client("csa") as client:
        upload = client.call(
            "POST",
            "/programs/taazour/v1/imports",
            content=b"Nom;NNI\n",
            kind="TEKAVOUL",
            filename="t.csv",
            currency="MRU",
        )
        await refused(upload, 403)
    async with platform.client("men") as client:
        file = loaded.file_of("EL_MAOUNA")
        await refused(client.get(f"{file.service}/v1/imports/{file.import_id}"), 404)


async def refused(call: Any, *expected: int) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refusal:
        await call
    assert refusal.value.response.status_code in expected
    assert refusal.value.response.json()["code"]


def test_the_commands_of_an_operator(platform: WholePlatform) -> None:
    token = platform.tekamoul("token", "--partner", "wfp")
    assert (token.returncode, token.stderr) == (0, "")
    answer = httpx.get(
        f"{platform.gateway_url}/v1/events",
        headers={"Authorization": f"Bearer {token.stdout.strip()}"},
        timeout=30,
        trust_env=False,
    )
    assert answer.status_code == 200
    health = platform.tekamoul("health")
    assert (health.returncode, health.stderr) == (0, "")
    assert [line.split()[:2] for line in health.stdout.splitlines()] == [[name, "ready"] for name in PROCESSES]


def test_a_token_for_nobody_is_one_clear_line(platform: WholePlatform) -> None:
    token = platform.tekamoul("token", "--partner", "nobody")
    assert (token.returncode, token.stdout) == (1, "")
    assert token.stderr.count("\n") == 1
    assert "nobody" in token.stderr and "taazour" in token.stderr


def test_ten_wrong_secrets_close_the_door_for_a_while_to_that_client_only(platform: WholePlatform) -> None:
    async def tries() -> list[int]:
        async with httpx.AsyncClient(base_url=platform.gateway_url, timeout=30, trust_env=False) as client:
            answers = []
            for _ in range(11):
                form = {"grant_type": "client_credentials"}
                answers.append((await client.post("/oauth2/token", data=form, auth=("ghost", "wrong"))).status_code)
            return answers

    assert asyncio.run(tries()) == [401] * 10 + [429]
    assert platform.tekamoul("token", "--partner", "csa").returncode == 0
