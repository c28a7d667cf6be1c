"""The commands, as an operator types them."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import text

import walletpass
from tests.installation import Installation
from walletpass.database import open_database, transaction


@pytest.fixture
def here(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def test_version_prints_the_version(here: Installation) -> None:
    assert here.run("version").stdout.strip() == walletpass.__version__


@pytest.mark.parametrize("command", ["demo", "init", "api-key", "serve", "worker", "doctor", "verify", "version"])
def test_every_command_has_help(here: Installation, command: str) -> None:
    assert command in here.run("-h").stdout
    told = here.run(command, "-h")
    assert told.returncode == 0 and len(told.stdout.splitlines()) > 3


def test_init_makes_a_database_a_merchant_and_an_owner_and_shows_a_password_once(here: Installation) -> None:
    made = here.run("init", "--merchant", "Bean Bar", "--owner", "owner@example.com")
    assert made.returncode == 0
    assert "bean-bar" in made.stdout and "password, shown this once: " in made.stdout


def test_init_takes_a_password_from_standard_input_and_keeps_it_to_itself(here: Installation) -> None:
    made = here.run(
        "init", "--merchant", "Bean Bar", "--owner", "owner@example.com", "--password-stdin", stdin="correct horse\n"
    )
    assert made.returncode == 0
    assert "correct horse" not in made.stdout + made.stderr and "password" not in made.stdout


def test_init_refuses_a_short_password_and_makes_nothing(here: Installation) -> None:
    words = ["init", "--merchant", "Bean Bar", "--owner", "owner@example.com", "--password-stdin"]
    refused = here.run(*words, stdin="short\n")
    assert refused.returncode == 1 and "10 to 1000" in refused.stderr
    assert here.run(*words, stdin="correct horse\n").returncode == 0


def test_init_alone_brings_the_database_up_to_date_again_and_again(here: Installation) -> None:
    assert here.run("init").returncode == 0
    assert here.run("init").stdout == "the database is up to date\n"


def test_init_makes_a_folder_that_is_closed_to_others(here: Installation) -> None:
    here.run("init")
    assert stat.S_IMODE((here.folder / "instance").stat().st_mode) == 0o700


def test_init_twice_for_one_merchant_says_that_it_is_there(here: Installation) -> None:
    words = ["init", "--merchant", "Bean Bar", "--owner", "owner@example.com"]
    here.run(*words)
    refused = here.run(*words)
    assert refused.returncode == 1
    assert refused.stderr == "walletpass: The name “bean-bar” is already taken; choose another.\n"


def test_init_with_half_of_what_it_needs_is_wrong_usage(here: Installation) -> None:
    refused = here.run("init", "--merchant", "Bean Bar")
    assert refused.returncode == 2 and "--owner" in refused.stderr


def test_api_key_prints_nothing_but_a_key(here: Installation) -> None:
    here.run("init", "--merchant", "Bean Bar", "--owner", "owner@example.com")
    made = here.run("api-key", "till")
    assert made.returncode == 0 and made.stderr == ""
    assert made.stdout.startswith("wp_live_") and len(made.stdout.split()) == 1


def test_api_key_asks_whose_where_there_are_several(here: Installation) -> None:
    here.run("init", "--merchant", "Bean Bar", "--owner", "one@example.com")
    here.run("init", "--merchant", "Fade Club", "--owner", "two@example.com")
    refused = here.run("api-key", "till")
    assert refused.returncode == 1 and "bean-bar, fade-club" in refused.stderr
    assert here.run("api-key", "till", "--merchant", "fade-club").returncode == 0


def test_api_key_before_init_says_what_to_do(here: Installation) -> None:
    refused = here.run("api-key", "till")
    assert refused.returncode == 1
    assert refused.stderr == "walletpass: the database is not up to date; run: walletpass init\n"


@pytest.mark.parametrize("command", [["serve"], ["worker"], ["init"], ["doctor"]])
def test_a_missing_secret_key_is_one_line_and_wrong_usage(here: Installation, command: list[str]) -> None:
    here.settings["secret_key"] = None
    refused = here.run(*command)
    assert refused.returncode == 2
    assert refused.stderr.startswith("walletpass: WALLETPASS_SECRET_KEY is not set") and refused.stderr.count("\n") == 1


def test_serve_refuses_a_certificate_that_cannot_be_used_in_one_line(here: Installation) -> None:
    here.settings["apple_certificate"] = here.folder / "nothing.pem"
    refused = here.run("serve")
    assert refused.returncode == 1
    assert "nothing.pem" in refused.stderr and refused.stderr.count("\n") == 1


def test_serve_refuses_a_port_that_is_taken(here: Installation) -> None:
    with here.running("serve"):
        refused = here.run("serve")
    assert refused.returncode == 1
    assert f"cannot listen on 127.0.0.1:{here.port} (Address already in use); stop" in refused.stderr
    assert "PORT" in refused.stderr and refused.stdout == ""


def test_a_port_that_is_none_is_wrong_usage(here: Installation) -> None:
    here.port = 99999
    assert here.run("serve").returncode == 2


def test_certs_sandbox_makes_a_chain_that_only_its_owner_can_use(here: Installation) -> None:
    assert here.run("certs", "sandbox", "made").returncode == 0
    key = here.folder / "made" / "pass.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_certs_sandbox_in_a_place_that_cannot_be_written_is_one_line(here: Installation) -> None:
    (here.folder / "taken").write_text("a file")
    refused = here.run("certs", "sandbox", "taken/certs")
    assert refused.returncode == 1
    assert refused.stderr.startswith("walletpass: taken/certs: ") and refused.stderr.count("\n") == 1


def test_certs_import_refuses_what_is_no_p12(here: Installation) -> None:
    (here.folder / "pass.p12").write_bytes(b"not a p12")
    refused = here.run("certs", "import", "pass.p12")
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1


def test_verify_finds_fault_with_a_file_that_is_no_pass(here: Installation) -> None:
    (here.folder / "card.pkpass").write_bytes(b"PK nothing")
    refused = here.run("verify", "card.pkpass")
    assert refused.returncode == 1 and refused.stderr.startswith("failed")


def test_verify_of_a_file_that_is_not_there_is_wrong_usage(here: Installation) -> None:
    assert here.run("verify", "nothing.pkpass").returncode == 2


def test_doctor_knows_a_fresh_installation_from_one_that_was_set_up(here: Installation) -> None:
    told = here.run("doctor")
    assert told.returncode == 1 and "failed   database" in told.stdout and "walletpass init" in told.stdout
    here.run("init")
    assert "ok       database" in here.run("doctor").stdout


def test_doctor_warns_of_a_certificate_that_is_not_apples(here: Installation) -> None:
    here.run("init")
    assert "warning  intermediate" in here.run("doctor").stdout


def test_doctor_says_when_apple_wallet_is_off(here: Installation) -> None:
    here.settings.update(apple_certificate=None, apple_key=None, apple_wwdr_certificate=None)
    here.run("init")
    told = here.run("doctor")
    assert told.returncode == 0 and "Apple Wallet is off" in told.stdout


def test_doctor_finds_a_push_service_that_cannot_be_reached(here: Installation) -> None:
    here.settings["apns_url"] = "https://localhost:1"
    here.run("init")
    assert "warning  APNs: https://localhost:1" in here.run("doctor").stdout


def test_a_database_newer_than_the_code_is_refused(here: Installation) -> None:
    here.run("init")
    engine = open_database(f"sqlite:///{here.folder / 'instance' / 'walletpass.db'}")
    with transaction(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'future'"))
    engine.dispose()
    for command in ("init", "serve", "worker"):
        refused = here.run(command)
        assert refused.returncode == 1
        assert "revision future" in refused.stderr and refused.stderr.count("\n") == 1
