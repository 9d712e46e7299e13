"""The Kubernetes manifests, read as a cluster would read them: names, ports and settings exist, and match Compose's."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.settings import Settings as PrefectSettings
from prefect.settings.legacy import _get_settings_fields

from tasks.core.settings import Settings
from tests.deployments.test_compose import OF_OTHERS, OF_PREFECT_REDIS, ROOT, SERVICES, SYSTEM, environment_names

FOLDER = ROOT / "deployments" / "kubernetes"
Manifest = dict[str, Any]


def manifests() -> Iterator[Manifest]:
    """All objects of the files that the kustomization lists."""
    for name in KUSTOMIZATION["resources"]:
        yield from yaml.safe_load_all((FOLDER / name).read_text())


KUSTOMIZATION: Manifest = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
OBJECTS = {(each["kind"], each["metadata"]["name"]): each for each in manifests()}
WORKLOADS = {name: each for (kind, name), each in OBJECTS.items() if kind in ("Deployment", "StatefulSet", "Job")}
POLICIES = {name: each["spec"] for (kind, name), each in OBJECTS.items() if kind == "NetworkPolicy"}
HEAD = (FOLDER / "kustomization.yaml").read_text().partition("apiVersion")[0]


def pod(name: str) -> Manifest:
    """The pod of a workload."""
    spec: Manifest = WORKLOADS[name]["spec"]["template"]["spec"]
    return spec


def container(name: str) -> Manifest:
    """Its only container."""
    (only,) = pod(name)["containers"]
    found: Manifest = only
    return found


def labels(name: str) -> Manifest:
    """The labels of its pods."""
    found: Manifest = WORKLOADS[name]["spec"]["template"]["metadata"]["labels"]
    return found


def ports(name: str) -> dict[str, int]:
    """The ports that its container has, by name."""
    return {port["name"]: port["containerPort"] for port in container(name).get("ports", ())}


def environment(name: str) -> dict[str, str | None]:
    """Its environment; None for what comes from a secret."""
    found: dict[str, str | None] = {}
    for source in container(name).get("envFrom", ()):
        found |= OBJECTS["ConfigMap", source["configMapRef"]["name"]]["data"]
    return found | {entry["name"]: entry.get("value") for entry in container(name).get("env", ())}


def secret_keys(name: str) -> set[str]:
    """The keys of the secret that it reads."""
    references = [
        entry["valueFrom"]["secretKeyRef"] for entry in container(name).get("env", ()) if "valueFrom" in entry
    ]
    assert {reference["name"] for reference in references} <= {"widget-builder"}
    return {reference["key"] for reference in references}


def selected(selector: Manifest) -> list[str]:
    """The workloads whose pods a selector of labels selects."""
    return [name for name in WORKLOADS if selector.items() <= labels(name).items()]


def test_every_file_is_listed_and_every_object_is_there_once() -> None:
    """A file beside the list would be applied by nobody."""
    generated = {name for each in KUSTOMIZATION["configMapGenerator"] for name in each["files"]}
    ours = {file.name for file in FOLDER.iterdir() if file.is_file() and file.name != "__init__.py"}
    assert {*KUSTOMIZATION["resources"], *generated, "kustomization.yaml"} == ours
    assert len(OBJECTS) == len([*manifests()])


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_runs_what_compose_runs(name: str) -> None:
    """The same image and command; Redis is told where its volume is."""
    other = SERVICES[name]
    assert container(name)["image"] == other["image"]
    command = [word for word in container(name)["command"] if word not in ("--dir", "/data")]
    assert command == other["command"]


@pytest.mark.parametrize("name", [name for name in WORKLOADS if name != "redis"])
def test_settings_exist_and_those_of_compose_that_matter_are_there(name: str) -> None:
    """A misspelt one would be ignored without a word; secrets come from the secret that the head makes."""
    known = environment_names(Settings) | set(_get_settings_fields(PrefectSettings)) | SYSTEM | OF_PREFECT_REDIS
    known |= OF_OTHERS
    ours = environment(name)
    assert set(ours) - known == set()
    fixed = {key: value for key, value in SERVICES[name]["environment"].items() if value and "${" not in str(value)}
    # Kubernetes asks a pod's health at its own address.
    fixed.pop("PREFECT_WORKER_WEBSERVER_HOST", None)
    assert fixed.items() <= ours.items()
    needed = {key for key, value in SERVICES[name]["environment"].items() if "PASSWORD" in str(value)}
    assert {key for key in needed if ours.get(key, "") is not None} == set()
    assert {f"--from-literal={key}=" for key in secret_keys(name)} <= set(re.findall(r"--from-literal=[\w-]+=", HEAD))


def test_a_secret_is_only_where_it_is_used() -> None:
    """The worker, which opens strangers' pages, has the product's own role, and not the administrator's token."""
    holders = {key: {name for name in WORKLOADS if key in secret_keys(name)} for key in ("admin-token", "database-url")}
    assert holders == {"admin-token": {"api"}, "database-url": {"setup", "api", "worker"}}
    assert {n for n in WORKLOADS if "prefect-database-url" in secret_keys(n)} == {"prefect-server", "prefect-services"}
    for name in WORKLOADS:
        values = [
            value for key, value in environment(name).items() if value and re.search("PASSWORD|TOKEN|KEY|AUTH", key)
        ]
        assert values == []


def test_selectors_select_and_services_lead_to_ports_that_exist() -> None:
    """A typo would leave a service without a pod behind it."""
    for name, workload in WORKLOADS.items():
        if workload["kind"] != "Job":
            assert selected(workload["spec"]["selector"]["matchLabels"]) == [name]
    services = {name: each["spec"] for (kind, name), each in OBJECTS.items() if kind == "Service"}
    for name, service in services.items():
        assert selected(service["selector"]) == [name]
        assert {port["targetPort"] for port in service["ports"]} <= set(ports(name))
    assert WORKLOADS["redis"]["spec"]["serviceName"] in services
    assert selected(OBJECTS["PodDisruptionBudget", "api"]["spec"]["selector"]["matchLabels"]) == ["api"]
    for name in WORKLOADS:
        values = [value or "" for value in environment(name).values()]
        found = {match for value in values for match in re.findall(r"//([a-z-]+):(\d+)", value)} - {
            ("localhost", "4200")
        }
        for host, port in found:
            assert int(port) in {each["port"] for each in services[host]["ports"]}


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_has_no_more_rights_than_it_needs_and_bounds(name: str) -> None:
    """An ordinary user, a read-only file system but for named volumes, no capabilities, no token of the cluster."""
    spec, only = pod(name), container(name)
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"cpu", "memory"} <= set(only["resources"]["requests"])
    assert "memory" in only["resources"]["limits"]
    volumes = {volume["name"] for volume in spec.get("volumes", ())}
    volumes |= {claim["metadata"]["name"] for claim in WORKLOADS[name]["spec"].get("volumeClaimTemplates", ())}
    assert {mount["name"] for mount in only["volumeMounts"]} == volumes


@pytest.mark.parametrize("name", ["api", "egress", "worker", "prefect-server", "redis"])
def test_a_pod_that_hangs_is_restarted(name: str) -> None:
    """Probes ask what compose asks, at a port that the container has; the API is not restarted for others."""
    only = container(name)
    assert "livenessProbe" in only
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        if asked := only.get(kind, {}).get("httpGet"):
            assert asked["port"] in ports(name)
    if name == "api":
        assert only["livenessProbe"]["httpGet"]["path"] == only["startupProbe"]["httpGet"]["path"] == "/healthz"
        assert only["readinessProbe"]["httpGet"]["path"] == "/readyz?of=api"


def test_prefect_s_servers_start_one_after_the_other() -> None:
    """Of two that begin on an empty database at once, one dies; the second waits until the first is ready."""
    server = WORKLOADS["prefect-server"]
    assert server["kind"] == "StatefulSet"
    assert server["spec"]["podManagementPolicy"] == "OrderedReady"
    assert "readinessProbe" in container("prefect-server")


def test_traffic_is_closed_but_for_what_is_named() -> None:
    """Policies select workloads and ports that exist, and each connection is allowed at both of its ends."""
    assert POLICIES["default"]["podSelector"] == {}
    assert POLICIES["default"]["policyTypes"] == ["Ingress", "Egress"]
    assert "ingress" not in POLICIES["default"]
    assert set(POLICIES) - {"default"} == set(WORKLOADS)
    for name, policy in POLICIES.items():
        if name == "default":
            continue
        assert selected(policy["podSelector"]["matchLabels"]) == [name]
        for rule in policy.get("ingress", ()):
            assert {port["port"] for port in rule["ports"]} <= set(ports(name).values())
        for rule in policy.get("egress", ()):
            for peer in _pods(rule, "to"):
                allowed = [
                    each for each in POLICIES[peer]["ingress"] if name in _pods(each, "from") or "from" not in each
                ]
                opened = {port["port"] for each in allowed for port in each["ports"]}
                assert {port["port"] for port in rule["ports"]} <= opened
    assert {peer for rule in POLICIES["redis"]["ingress"] for peer in _pods(rule, "from")} == {
        "prefect-server",
        "prefect-services",
    }


def _pods(rule: Manifest, end: str) -> list[str]:
    return [
        name
        for peer in rule.get(end, ())
        if "podSelector" in peer and "namespaceSelector" not in peer
        for name in selected(peer["podSelector"]["matchLabels"])
    ]


@pytest.mark.parametrize(
    "address",
    ["10.1.2.3", "127.0.0.1", "169.254.169.254", "172.20.0.1", "192.168.1.1", "100.64.0.1", "fd00::1", "fe80::1"],
)
def test_the_egress_gate_reaches_nothing_private_in_the_network(address: str) -> None:
    """Beside its own judgement; a worker reaches the web by the gate alone."""
    assert _blocks("worker") == []
    assert "egress" in [peer for rule in POLICIES["worker"]["egress"] for peer in _pods(rule, "to")]
    blocks = _blocks("egress")
    assert any(_is_open(block, "93.184.216.34") for block in blocks)
    assert not any(_is_open(block, address) for block in blocks)


def _blocks(name: str) -> list[Manifest]:
    return [peer["ipBlock"] for rule in POLICIES[name]["egress"] for peer in rule.get("to", ()) if "ipBlock" in peer]


def _is_open(block: Manifest, address: str) -> bool:
    found = ip_address(address)
    return found in ip_network(block["cidr"]) and not any(found in ip_network(each) for each in block["except"])


def test_no_line_is_longer_than_a_screen() -> None:
    """As everywhere in the repository."""
    files: list[Path] = [file for file in FOLDER.iterdir() if file.is_file()]
    assert [file.name for file in files if any(len(line) > 120 for line in file.read_text().splitlines())] == []
