"""The real Keycloak as a child process: its own distribution, fetched by Maven, on H2 in its folder.

For tests and for `make run IDENTITY=keycloak`; in production it comes as an image (keycloak/Dockerfile).
"""

import hashlib
import http.client
import os
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path

from local.processes import Command
from marquee.typography import font_dir

from .binaries import ProgramMissing
from .server import Server, ServerFailed

__all__ = ["KEYCLOAK_VERSION", "Keycloak"]

KEYCLOAK_VERSION = "26.7.3"
_SHA256 = "27a6535553c3cdcd083872ba40629efafb3475e3b758e0c6f691395561dd0f1f"
_ARTIFACT = f"org.keycloak:keycloak-quarkus-dist:{KEYCLOAK_VERSION}:zip"
_ARCHIVE = f"keycloak-quarkus-dist-{KEYCLOAK_VERSION}.zip"
_COPY = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy"
_OURS = Path(__file__).resolve().parents[2] / "keycloak"
_FROM_THE_SHELL = ("PATH", "HOME", "JAVA_HOME", "LANG", "TMPDIR")


class Keycloak(Server):
    """`variables` fill in what keycloak/marquee-realm.json leaves open; `admin` is a name and a password."""

    name = "Keycloak"

    def __init__(
        self,
        data_dir: Path,
        port: int,
        *,
        management_port: int,
        admin: tuple[str, str],
        variables: Mapping[str, str],
    ) -> None:
        super().__init__(data_dir, port)
        self.management_port, self.admin = management_port, admin
        self._variables = variables

    @property
    def home(self) -> Path:
        return self.data_dir.resolve() / f"keycloak-{KEYCLOAK_VERSION}"

    def prepare(self) -> None:
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if shutil.which("java") is None:
            raise ProgramMissing("Keycloak needs Java 17 or newer; there is no program `java` here")
        if not self.home.exists():
            _unpack(_fetch(self.data_dir), self.home)
        self._install_realm()
        self._install_theme()

    def command(self) -> Command:
        inherited = {name: os.environ[name] for name in _FROM_THE_SHELL if name in os.environ}
        environment = {
            **inherited,
            **self._variables,
            "KC_BOOTSTRAP_ADMIN_USERNAME": self.admin[0],
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self.admin[1],
            "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx384m",
            # The better compiler costs more at the start than it ever saves here.
            "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
        }
        options = {
            "http-host": "127.0.0.1",
            "http-port": str(self.port),
            "http-management-port": str(self.management_port),
            "hostname": f"http://localhost:{self.port}",
            "health-enabled": "true",
        }
        arguments = [f"--{option}={value}" for option, value in options.items()]
        return Command(
            (str(self.home / "bin" / "kc.sh"), "start-dev", "--import-realm", *arguments),
            environment,
            cwd=self.home,
            # kc.sh hands it on to the server; killed, it would leave the server behind.
            death_signal=signal.SIGTERM,
        )

    def ready(self) -> bool:
        """While it starts, its main port answers 503 and this one does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.management_port, timeout=2)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _install_realm(self) -> None:
        """Read on the first start only. The demo's people stand in a file that production does not have."""
        folder = self.home / "data" / "import"
        folder.mkdir(parents=True, exist_ok=True)
        for file in (_OURS / "marquee-realm.json", _OURS / "demo" / "marquee-users-0.json"):
            shutil.copy(file, folder)

    def _install_theme(self) -> None:
        """Our login pages, with the website's typefaces and colours."""
        theme = self.home / "themes" / "marquee"
        shutil.rmtree(theme, ignore_errors=True)
        shutil.copytree(_OURS / "themes" / "marquee", theme)
        resources = theme / "login" / "resources"
        (resources / "fonts").mkdir()
        for file in (*font_dir().glob("*.woff2"), font_dir() / "fonts.css"):
            shutil.copy(file, resources / "fonts")
        shutil.copy(_OURS.parent / "services" / "web" / "static" / "css" / "tokens.css", resources / "css")


def _fetch(folder: Path) -> Path:
    """The archive, by way of Maven's own cache: only the first time on a machine it is downloaded."""
    if shutil.which("mvn") is None:
        raise ProgramMissing("Keycloak is fetched by Maven; there is no program `mvn` here")
    finished = subprocess.run(
        ["mvn", "-B", "-q", "-C", _COPY, f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={folder.resolve()}"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    archive = folder / _ARCHIVE
    if finished.returncode or not archive.exists():
        said = "\n".join((finished.stdout + finished.stderr).splitlines()[:5])
        raise ServerFailed(f"Maven could not fetch {_ARTIFACT}:\n{said}")
    with archive.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != _SHA256:
            raise ServerFailed(f"{archive} is not the Keycloak {KEYCLOAK_VERSION} that we know; remove it")
    return archive


def _unpack(archive: Path, home: Path) -> None:
    """All or nothing, like every copy a later start relies on."""
    unfinished = home.with_name("keycloak.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(unfinished)
    for script in (unfinished / home.name / "bin").glob("*.sh"):
        script.chmod(0o755)  # zipfile forgets modes
    (unfinished / home.name).rename(home)
    unfinished.rmdir()
    archive.unlink()
