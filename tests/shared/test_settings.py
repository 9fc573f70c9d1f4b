"""Settings: from the environment, from secret files, and all complaints at once."""

from pathlib import Path

import pytest

from marquee.settings import DatabaseSettings, SettingsError, with_password


class ExampleSettings(DatabaseSettings):
    service: str = "example"
    keycloak_client_id: str = "marquee-example"
    secret_key: str


NEEDED = {
    "REDIS_URL": "redis://localhost",
    "KEYCLOAK_URL_EXTERNAL": "http://localhost:8180/",
    "KEYCLOAK_URL_INTERNAL": "http://keycloak:8080",
    "DATABASE_URL": "postgresql+psycopg2://localhost/x",
    "SECRET_KEY": "s",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_a_start_with_variables_missing_names_all_of_them(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("REDIS_URL")
    environment.setenv("SECRET_KEY", "")

    with pytest.raises(SettingsError) as stopped:
        ExampleSettings.from_environment()

    assert str(stopped.value).splitlines() == ["REDIS_URL is not set", "SECRET_KEY is not set"]


def test_a_value_that_is_none_is_named_with_the_reason(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PORT", "many")

    with pytest.raises(SettingsError, match=r"PORT: .*integer"):
        ExampleSettings.from_environment()


def test_a_secret_may_stand_in_a_file(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret_key").write_text("from the file\n")
    environment.delenv("SECRET_KEY")
    environment.setenv("SECRET_KEY_FILE", str(tmp_path / "secret_key"))

    assert ExampleSettings.from_environment().secret_key == "from the file"


def test_settings_cannot_be_changed_later() -> None:
    settings = ExampleSettings.from_environment()

    with pytest.raises(ValueError):
        settings.port = 1  # type: ignore[misc]


def test_the_issuer_is_always_the_public_address() -> None:
    settings = ExampleSettings.from_environment()

    assert settings.issuer == "http://localhost:8180/realms/marquee"
    assert settings.issuer_internal == "http://keycloak:8080/realms/marquee"


def test_a_password_in_a_file_is_put_into_its_address(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "password").write_text("p@ss/word\n")
    environment.setenv("DATABASE_URL", "postgresql+psycopg2://movies@postgres/movies")
    environment.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    environment.setenv("REDIS_PASSWORD_FILE", str(tmp_path / "password"))

    settings = ExampleSettings.from_environment()

    assert settings.database_url == "postgresql+psycopg2://movies:p%40ss%2Fword@postgres/movies"
    assert settings.redis_url == "redis://:p%40ss%2Fword@localhost"


@pytest.mark.parametrize(
    ("address", "complete"),
    [
        ("amqp://marquee@mq1:5672/", "amqp://marquee:pw@mq1:5672/"),
        ("amqp://marquee@mq1,amqp://marquee@mq2", "amqp://marquee:pw@mq1,amqp://marquee:pw@mq2"),
        ("redis://cache:6379/0", "redis://:pw@cache:6379/0"),
        ("postgresql://m@/movies?host=pg1&host=pg2", "postgresql://m:pw@/movies?host=pg1&host=pg2"),
        ("amqp://marquee:own@mq1/", "amqp://marquee:own@mq1/"),
    ],
)
def test_every_host_of_an_address_gets_the_password(address: str, complete: str) -> None:
    assert with_password(address, "pw") == complete


def test_of_passwords_being_rotated_redis_gets_the_first_and_rabbitmq_each(
    environment: pytest.MonkeyPatch,
) -> None:
    for server, address in {"REDIS": "redis://cache:6379/0", "RABBITMQ": "amqp://marquee@mq1:5672/"}.items():
        environment.setenv(f"{server}_URL", address)
        environment.setenv(f"{server}_PASSWORD", "old,new")

    settings = ExampleSettings.from_environment()

    assert settings.redis_url == "redis://:old@cache:6379/0"
    assert settings.rabbitmq_url == "amqp://marquee:old@mq1:5672/,amqp://marquee:new@mq1:5672/"
