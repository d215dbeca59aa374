"""What the manifests promise about every process."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from deploy.manifests import DEPLOY, PROCESSES, Document, of_kind, pods, selects


def test_every_process_has_a_deployment_that_runs_its_module(demo: list[Document]) -> None:
    deployments = of_kind(demo, "Deployment")

    assert set(deployments) == {f"tekamoul-{name}" for name in PROCESSES}
    for name, module in PROCESSES.items():
        (container,) = deployments[f"tekamoul-{name}"]["spec"]["template"]["spec"]["containers"]
        assert container["command"] == ["python", "-m", module]


def test_every_database_has_a_job_that_migrates_it_with_its_owners_address(demo: list[Document]) -> None:
    jobs = of_kind(demo, "Job")

    assert set(jobs) == {f"tekamoul-migrate-{name}" for name in PROCESSES}
    for name, module in PROCESSES.items():
        job, deployment = jobs[f"tekamoul-migrate-{name}"], of_kind(demo, "Deployment")[f"tekamoul-{name}"]
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert container["command"] == ["python", "-m", module, "migrate"]
        assert database_secret(job) == database_secret(deployment) == f"tekamoul-database-{name}"


def database_secret(workload: Document) -> str:
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    (secret,) = [e["valueFrom"]["secretKeyRef"] for e in container["env"] if e["name"] == "DATABASE_URL"]
    assert secret["key"] == "DATABASE_URL"
    return str(secret["name"])


@pytest.mark.parametrize("institution", ["taazour", "csa", "masef", "men", "partners"])
def test_a_programs_process_learns_its_institution_from_its_pods_label(demo: list[Document], institution: str) -> None:
    for kind, name in (("Deployment", "tekamoul-programs"), ("Job", "tekamoul-migrate-programs")):
        template = of_kind(demo, kind)[f"{name}-{institution}"]["spec"]["template"]
        (container,) = template["spec"]["containers"]
        (told,) = [e for e in container["env"] if e["name"] == "TEKAMOUL_INSTITUTION"]

        assert told["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.labels['tekamoul/institution']"
        assert template["metadata"]["labels"]["tekamoul/institution"] == institution


def test_every_process_is_probed_on_its_health_routes(demo: list[Document]) -> None:
    for deployment in of_kind(demo, "Deployment").values():
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        probed = {probe: container[probe]["httpGet"] for probe in ("startupProbe", "livenessProbe", "readinessProbe")}

        assert probed == {
            "startupProbe": {"path": "/health/live", "port": "http"},
            "livenessProbe": {"path": "/health/live", "port": "http"},
            "readinessProbe": {"path": "/health/ready?alone=true", "port": "http"},
        }
        assert container["ports"] == [{"name": "http", "containerPort": 8000}]


def test_a_service_finds_the_pods_of_its_own_process_only(demo: list[Document]) -> None:
    labels = {
        name: document["spec"]["template"]["metadata"]["labels"]
        for kind in ("Deployment", "StatefulSet", "Job")
        for name, document in of_kind(demo, kind).items()
    }

    for name, service in of_kind(demo, "Service").items():
        found = [pod for pod, have in labels.items() if service["spec"]["selector"].items() <= have.items()]
        assert found == [name]


def test_every_address_the_processes_are_given_is_a_service(demo: list[Document]) -> None:
    settings = of_kind(demo, "ConfigMap")["tekamoul-settings"]["data"]
    services = of_kind(demo, "Service")

    urls: dict[str, str] = json.loads(settings["TEKAMOUL_SERVICE_URLS"])

    assert urls == {name: f"http://tekamoul-{name}:8000" for name in PROCESSES}
    for name in (*(f"tekamoul-{process}" for process in PROCESSES), "tekamoul-nats", "tekamoul-postgres"):
        assert name in services


def test_nothing_runs_as_root_or_may_become_it(demo: list[Document]) -> None:
    seen = 0
    for name, pod in pods(demo):
        seen += 1
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["securityContext"]["runAsUser"] > 0, name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, name
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}, name
            assert "memory" in container["resources"]["limits"], name

    assert seen == 8 + 8 + 2  # processes, migrations, NATS and PostgreSQL


def test_the_image_runs_as_the_user_the_manifests_name(demo: list[Document]) -> None:
    users = re.findall(r"^USER (\S+)$", (DEPLOY / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)

    assert users == ["10001:10001"]
    for kind in ("Deployment", "Job"):
        for document in of_kind(demo, kind).values():
            assert document["spec"]["template"]["spec"]["securityContext"]["runAsUser"] == 10001


def test_a_disruption_budget_covers_every_process(demo: list[Document]) -> None:
    for name, deployment in of_kind(demo, "Deployment").items():
        budget = of_kind(demo, "PodDisruptionBudget")[name]

        assert budget["spec"]["selector"] == deployment["spec"]["selector"]
        # A budget of the only copy would forbid draining a node, or stop the process.
        assert deployment["spec"]["replicas"] > budget["spec"]["maxUnavailable"]


def reaches(demo: list[Document], source: str, target: str, port: int) -> bool:
    """Whether the network policies let one workload open a connection to another: out of it, and into it."""
    labels = {
        name: document["spec"]["template"]["metadata"]["labels"]
        for kind in ("Deployment", "StatefulSet", "Job")
        for name, document in of_kind(demo, kind).items()
    }

    def allowed(here: str, there: str, direction: str, peers: str) -> bool:
        rules = [
            rule
            for policy in of_kind(demo, "NetworkPolicy").values()
            if selects(policy["spec"]["podSelector"], labels[here])
            for rule in policy["spec"].get(direction, [])
        ]
        return any(
            any(p["port"] == port for p in rule["ports"])
            and (peers not in rule or any(is_peer(peer, labels[there]) for peer in rule[peers]))
            for rule in rules
        )

    return allowed(source, target, "egress", "to") and allowed(target, source, "ingress", "from")


def is_peer(peer: Document, labels: dict[str, str]) -> bool:
    return "namespaceSelector" not in peer and selects(peer["podSelector"], labels)


def test_everything_is_denied_that_no_policy_allows(demo: list[Document]) -> None:
    denied = of_kind(demo, "NetworkPolicy")["deny-all"]["spec"]

    assert denied == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize(
    ("source", "target", "port", "expected"),
    [
        ("gateway", "registry", 8000, True),
        ("gateway", "programs-men", 8000, True),
        ("matching", "programs-csa", 8000, True),
        ("registry", "nats", 4222, True),
        ("gateway", "nats", 8222, True),
        ("programs-masef", "postgres", 5432, True),
        ("migrate-matching", "postgres", 5432, True),
        ("registry", "gateway", 8000, False),
        ("migrate-matching", "registry", 8000, False),
        ("migrate-matching", "nats", 4222, False),
        ("registry", "nats", 8222, False),
        ("nats", "registry", 8000, False),
        ("nats", "postgres", 5432, False),
        ("postgres", "registry", 8000, False),
    ],
)
def test_a_workload_reaches_only_what_it_needs(
    demo: list[Document], source: str, target: str, port: int, expected: bool
) -> None:
    assert reaches(demo, f"tekamoul-{source}", f"tekamoul-{target}", port) is expected


def test_the_manifests_name_secrets_and_hold_none(demo: list[Document]) -> None:
    assert of_kind(demo, "Secret") == {}
    for name, pod in pods(demo):
        for container in pod["containers"]:
            for variable in container.get("env", []):
                if re.search(r"(PASSWORD|SECRET|TOKEN|KEY|_URL)$", variable["name"]):
                    assert "value" not in variable, f"{name}: {variable['name']}"


def test_no_file_of_the_tree_holds_a_secret_value() -> None:
    secret = re.compile(r"://[^/\s:@]+:[^/\s@<$]+@|-----BEGIN|kind:\s*Secret\b|secretGenerator", re.IGNORECASE)

    found = [
        f"{path.relative_to(DEPLOY)}: {line.strip()}"
        for path in sorted(DEPLOY.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
        for line in path.read_text(encoding="utf-8").splitlines()
        if secret.search(line)
    ]

    assert found == []


def test_nats_accepts_its_configuration_and_flushes_every_message(
    demo: list[Document], tmp_path: Path, nats_server: Path
) -> None:
    config = of_kind(demo, "ConfigMap")["tekamoul-nats"]["data"]["nats.conf"]
    (tmp_path / "nats.conf").write_text(config.replace("/data", str(tmp_path / "data")), encoding="utf-8")
    (tmp_path / "auth.conf").write_text(
        'authorization { users = [{user: "tekamoul", password: "for-this-test-only"}] }', encoding="utf-8"
    )

    checked = subprocess.run(
        [nats_server, "-t", "-c", tmp_path / "nats.conf"], capture_output=True, text=True, timeout=30
    )

    assert checked.returncode == 0, checked.stderr
    assert "sync_interval: always" in config
