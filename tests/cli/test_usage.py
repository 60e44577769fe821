import io
import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from posture import cli
from posture.cli import common
from posture.cli.exits import PRECEDENCE, Exit, worst
from tests.cli.conftest import Run


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_has_help(run: Run, name: str) -> None:
    code, out, _ = run(name, "--help")
    assert code == 0
    assert len(out.splitlines()) > 4


def test_help_documents_every_exit_code(run: Run) -> None:
    _, out, _ = run("--help")
    for code in Exit:
        assert f"    {code.value} " in out
    assert all(name in out for name in cli.COMMANDS)


def test_the_readme_documents_every_exit_code() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    for code in Exit:
        assert f"| {code.value} |" in readme


def test_help_is_light() -> None:
    script = (
        "import sys; from posture.cli import run; run(['--help']); "
        "heavy = {'requests', 'dns', 'cryptography', 'jinja2', 'nmap', 'msgspec'}; "
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stderr.strip() == "[]"


def test_the_version_is_printed(run: Run) -> None:
    code, out, _ = run("--version")
    assert (code, out.split()[0]) == (0, "posture")


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([0, 1], 1),
        ([1, 3], 3),
        ([3, 5], 5),
        ([5, 2], 2),
        ([2, 4], 4),
        ([4, 3, 1, 0], 4),
        ([1, 130], 130),
    ],
)
def test_one_exit_code_outranks_another(codes: list[int], code: int) -> None:
    assert worst(Exit(one) for one in codes) == code


def test_every_exit_code_has_its_rank() -> None:
    assert set(PRECEDENCE) == set(Exit)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["scann"], "Did you mean 'scan'"),
        (["scan"], "What shall be audited?"),
        (["scan", "--domain", "example.com"], "--authorised-by"),
        (["scan", "x.toml", "--domain", "example.com"], "not both"),
        (["scan", "--domain", "-oN x", "--authorised-by", "J"], "--domain:"),
        (["scan", "--domain", "$(id)", "--authorised-by", "J"], "--domain:"),
        (["scan", "--domain", "a\nb", "--authorised-by", "J"], "--domain:"),
        (["scan", "--domain", "fe80::1%eth0", "--authorised-by", "J"], "--domain:"),
        (["scan", "nowhere/client.toml"], "nowhere/client.toml"),
        (["judge", "nowhere.json", "--policy", "smb-baseline"], "nowhere.json"),
        (["report", "nowhere.json"], "nowhere.json"),
        (["explain", "email.dmarc.enforce"], "Did you mean email.dmarc.enforced"),
        (["explain", "zzz"], "checks list"),
        (["probe", "emial", "example.com"], "There is no area"),
        (["probe", "network", "192.0.2.1"], "client file"),
        (["probe", "email", "https://example.com/"], "example.com"),
        (["probe", "email", "example.com", "--resolver", "x"], "--resolver"),
        (["probe", "email", "example.com", "--connect", "x"], "--connect"),
        (["policy", "lint", "nothing"], "nothing"),
        (["init", "new"], "--company"),
    ],
)
def test_wrong_usage_is_explained(run: Run, arguments: list[str], says: str) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert "Traceback" not in err


def test_init_writes_what_scan_can_read(run: Run, tmp_path: Path) -> None:
    options = ["--company", "Acme Ltd", "--domain", "acme.example", "--authorised-by", "J. Doe"]
    code, out, _ = run("init", "acme", *options)
    assert code == 0
    assert out.strip() == f"posture scan {Path('acme/client.toml')} --dry-run"
    text = (tmp_path / "acme/client.toml").read_text()
    assert text.startswith("#:schema ./client.schema.json")
    assert json.loads((tmp_path / "acme/client.schema.json").read_text())["$defs"]
    code, out, _ = run("scan", "acme/client.toml", "--dry-run")
    assert code == 0
    assert "TXT _dmarc.acme.example" in out
    assert run("init", "acme", *options)[0] == 2
    assert (tmp_path / "acme/client.toml").read_text() == text


def test_init_keeps_no_file_that_cannot_be_read_back(run: Run, tmp_path: Path) -> None:
    options = ["--company", "Acme", "--domain", "no domain", "--authorised-by", "J. Doe"]
    code, _, err = run("init", "acme", *options)
    assert code == 2
    assert "no domain" in err
    assert not (tmp_path / "acme/client.toml").exists()


def test_a_broken_installation_is_an_internal_error(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from posture import plugins

    monkeypatch.setattr(plugins, "entry_points", lambda **_: [])
    code, _, err = run("checks", "list")
    assert code == 4
    assert "Install posture again" in err


@pytest.mark.parametrize(
    ("missing", "command"),
    [
        ("click", "--version"),
        ("msgspec", "checks list"),
        ("posture.model", "plugins"),
        ("posture.checks", "checks list"),
        ("dns", "policy list"),
        ("filelock", "scan --domain a.example --authorised-by J --dry-run"),
    ],
)
def test_a_missing_part_is_a_broken_installation(
    tmp_path: Path, missing: str, command: str
) -> None:
    script = (
        "import runpy, sys; sys.modules[sys.argv.pop(1)] = None; "
        "runpy.run_module('posture', run_name='__main__')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, missing, *command.split()],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 4, ended.stderr
    assert "The installation is broken" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_missing_file_of_ours_is_a_broken_installation(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost() -> None:
        raise FileNotFoundError(2, "No such file", str(Path(cli.__file__).with_name("gone.toml")))

    monkeypatch.setattr(common, "registry", lost)
    code, _, err = run("plugins")
    assert code == 4
    assert "gone.toml" in err
    assert "Install posture again" in err


@pytest.mark.parametrize(
    ("ended", "code"),
    [(KeyboardInterrupt(), 130), (click.Abort(), 130), (click.exceptions.Exit(3), 3)],
)
def test_what_ends_a_command_has_its_exit_code(
    run: Run, monkeypatch: pytest.MonkeyPatch, ended: BaseException, code: int
) -> None:
    def ends() -> None:
        raise ended

    monkeypatch.setattr(common, "registry", ends)
    assert run("plugins")[0] == code


def test_an_error_is_plain_even_where_its_explanation_is_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "posture.cli.errors", None)
    monkeypatch.setattr(common, "registry", lambda: 1 / 0)
    code, _, err = run("plugins")
    assert code == 4
    assert "Install posture again" in err


def test_commands_are_known_by_name() -> None:
    context = click.Context(cli.command)
    assert cli.command.list_commands(context) == list(cli.COMMANDS)
    assert cli.command.get_command(context, "nothing") is None


def test_our_own_mistakes_are_internal_errors(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> None:
        raise RuntimeError("x")

    monkeypatch.setattr(common, "registry", breaks)
    code, _, err = run("plugins")
    assert code == 4
    assert "mistake in posture" in err


def test_a_name_without_latin_letters_leaves_the_id_to_the_domain(run: Run, tmp_path: Path) -> None:
    options = [
        "--company",
        "\u65e5\u672c",
        "--domain",
        "nihon.example",
        "--authorised-by",
        "J. Doe",
    ]
    assert run("init", "a", *options)[0] == 0
    assert 'id = "nihon-example"' in (tmp_path / "a/client.toml").read_text().replace(".", "-")


def test_the_wizard_asks_again_until_an_answer_will_do(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    said = "Acme\x1b[31m\nAcme Ltd\nno domain!\nacme.example www.acme.example\nJ. Doe\n"
    monkeypatch.setattr(sys, "stdin", Terminal(said))
    code, out, err = run("init", "acme")
    assert code == 0, err
    assert out.strip() == f"posture scan {Path('acme/client.toml')} --dry-run"
    assert err.count("Error:") == 2
    text = (tmp_path / "acme/client.toml").read_text()
    assert 'name = "Acme Ltd"' in text
    assert 'name = "www.acme.example"' in text


def test_the_doctor_names_what_cannot_be_used(run: Run, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("")
    (tmp_path / "client.toml").write_text(
        '[company]\nid = "a"\nname = "A"\n[authorisation]\nby = "J"\ncovers = ["backups"]\n'
        '[network]\nresolver = "127.0.0.1:9"\nca_file = "ca.pem"\n'
        '[[backups]]\nname = "b"\nsource = "files"\nlocation = "nowhere/[a-z]*.gz"\n'
    )
    code, out, _ = run("doctor", "client.toml")
    assert code == 2
    missing = [line for line in out.splitlines() if line.startswith("MISSING")]
    assert [line.split()[1] for line in missing] == ["ca_file:", "backup", "DNS:"]
    assert f"{tmp_path / 'nowhere'} is not there" in missing[1]
    assert f"runs: {tmp_path} can be written to" in out
