"""Parts of `make cluster-test` that need no cluster: what it says of missing programs, and what it reads of Compose."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tasks.core.errors import DependencyUnavailable
from tests.cluster.compose_services import ROOT, Addresses, read_compose_service
from tests.cluster.earlier_code import unpack_commit
from tests.cluster.gateway import write_gateway
from tests.cluster.programs import ProgramsMissing, find_programs_of_cluster
from tests.cluster.topology import ON_PORT, PASSWORDS

HOSTS = {
    "postgres:5432/prefect": "127.0.0.1:11/prefect",
    "postgres:5432/widget_builder": "127.0.0.1:12/widget_builder",
    "redis:6379": "127.0.0.1:13",
    "prefect-server:4200": "127.0.0.1:14",
    "egress:3128": "127.0.0.1:15",
}
OURS_AND_PREFECT = ("prefect-server", "prefect-services", "setup", "worker", "api")


def test_each_missing_program_has_a_sentence_with_its_package(tmp_path: Path) -> None:
    """All at once, so that nobody has to come back for the next."""
    with pytest.raises(ProgramsMissing) as missing:
        find_programs_of_cluster(str(tmp_path), [f"{tmp_path}/*"], tmp_path)
    sentences = str(missing.value).splitlines()
    assert len(sentences) == 4
    assert all(sentence.endswith(".") for sentence in sentences)
    for package in ("redis-server", "nginx", "postgresql"):
        assert any(f"apt-get install {package}." in sentence for sentence in sentences)
    assert "make cluster-test" in sentences[-1]


def test_a_postgresql_without_pg_trgm_is_passed_over(tmp_path: Path) -> None:
    """That of the wheel: Prefect's server refuses to start on it."""
    for version, extensions in (("15", ["pg_trgm.control"]), ("16", ["plpgsql.control"])):
        (programs := tmp_path / version / "bin").mkdir(parents=True)
        (shared := tmp_path / version / "share").mkdir()
        for file in (programs / "initdb", *(shared / name for name in extensions)):
            file.touch()
    for name in ("redis-server", "nginx"):
        (tmp_path / name).touch(0o755)
    (tmp_path / "prefect_redis").mkdir()
    found = find_programs_of_cluster(str(tmp_path), [f"{tmp_path}/*/bin"], tmp_path)
    assert found.postgres == tmp_path / "15" / "bin"


@pytest.mark.parametrize("name", OURS_AND_PREFECT)
def test_a_service_of_compose_runs_here_with_all_its_variables_and_no_name_of_compose_s_network(
    name: str, tmp_path: Path
) -> None:
    """A name that is left would be looked up in vain, a variable that is left out would not be tried."""
    declared = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    service = read_compose_service(name, Addresses(HOSTS, PASSWORDS), tmp_path)
    wanted = {key for key, value in declared[name]["environment"].items() if value is not None}
    assert set(service.environment) == wanted
    names = "|".join(map(re.escape, declared))
    for key, value in service.environment.items():
        assert "${" not in value
        assert not value.startswith("/tmp/") or value.startswith(str(tmp_path))
        assert re.search(rf"(?:@|//)(?:{names}):\d", value) is None, key
    if "DATABASE_URL" in service.environment:
        url = f"postgresql://widget_builder:{PASSWORDS['DATABASE_PASSWORD']}@127.0.0.1:12/widget_builder"
        assert service.environment["DATABASE_URL"] == url


def test_an_option_of_a_command_gets_another_value(tmp_path: Path) -> None:
    """One that Compose no longer has is an error."""
    service = read_compose_service("api", Addresses(HOSTS, PASSWORDS), tmp_path)
    command = service.with_options({"--port": "15"})
    assert command[command.index("--port") + 1] == "15"
    with pytest.raises(ValueError, match="--doors"):
        service.with_options({"--doors": "2"})


def test_a_program_that_compose_puts_into_a_container_is_run_from_the_repository(tmp_path: Path) -> None:
    """At a port of its own, which the program itself does not choose."""
    service = read_compose_service("prefect-server", Addresses(HOSTS, PASSWORDS), tmp_path)
    assert Path(service.command[1]).is_relative_to(ROOT)
    program = tmp_path / "program.py"
    program.write_text("import uvicorn\nuvicorn.run('an app', host='0.0.0.0', port=4200, log_level='error')\n")
    (tmp_path / "uvicorn.py").write_text("def run(app, **options): print(app, sorted(options.items()))\n")
    shown = subprocess.run(
        [sys.executable, str(ON_PORT), "15", str(program)],
        env={"PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert shown == "an app [('host', '127.0.0.1'), ('log_level', 'error'), ('port', 15)]\n"


def test_a_commit_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With what to do about it."""
    with pytest.raises(DependencyUnavailable, match=r"no-such-commit.*name a commit of this clone"):
        unpack_commit("no-such-commit", tmp_path)


def test_the_gateway_sends_each_name_to_all_its_replicas(tmp_path: Path) -> None:
    """And keeps its temporary files in its folder."""
    text = write_gateway(tmp_path, {"api": (1, [2, 3]), "prefect": (4, [5])}).read_text()
    assert re.findall(r"server 127\.0\.0\.1:(\d)", text) == ["2", "3", "5"]
    assert re.findall(r"listen 127\.0\.0\.1:(\d)", text) == ["1", "4"]
    assert {path for path in re.findall(r"_temp_path (\S+);", text) if not path.startswith(str(tmp_path))} == set()
    assert text.count("{") == text.count("}")
