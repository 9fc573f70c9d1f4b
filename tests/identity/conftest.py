"""Two providers for every test here: the local issuer, and (marker `keycloak`) the real Keycloak.

MARQUEE_TEST_KEYCLOAK=http://localhost:… takes one that runs already, with the admin of `provider.ADMIN`.
"""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from werkzeug.serving import make_server

from local.issuer import create_app
from local.issuer.settings import Settings
from local.ports import free_port, free_ports
from local.servers import Keycloak, ProgramMissing
from marquee.realm import REALM_FILE, apply, read_realm_file
from marquee.realm import Keycloak as AdminApi
from tests.identity.provider import ADMIN, Addresses, Provider, Receiver


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.close()


@pytest.fixture(scope="session")
def addresses(receiver: Receiver) -> Addresses:
    auth, web = (f"http://localhost:{port}" for port in free_ports(2))
    return Addresses(f"{auth}/auth/callback", f"{web}/", f"{web}/signed-out", receiver.url)


# The first of them waits until it is fetched, unpacked and has made its tables.
REAL = pytest.param("keycloak", marks=[pytest.mark.keycloak, pytest.mark.timeout(900)])


@pytest.fixture(scope="session", params=["issuer", REAL])
def running_provider(
    request: pytest.FixtureRequest, addresses: Addresses, receiver: Receiver
) -> Iterator[Provider]:
    is_real = request.param == "keycloak"
    with (_keycloak if is_real else _issuer)(addresses) as url:
        yield Provider(url, addresses, receiver, is_real)


@pytest.fixture
def provider(running_provider: Provider) -> Provider:
    running_provider.receiver.tokens.clear()
    running_provider.receiver.status, running_provider.receiver.hand_on_to = 200, ""
    return running_provider


@contextmanager
def _issuer(addresses: Addresses) -> Iterator[str]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="marquee-issuer-") as folder:
        settings = Settings(
            issuer_url=f"http://localhost:{port}",
            state_dir=Path(folder),
            variables=addresses.variables(),
            admin_username=ADMIN[0],
            admin_password=ADMIN[1],
        )
        app = create_app(settings)
        server = make_server("127.0.0.1", port, app, threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield settings.issuer_url
        server.shutdown()
        server.server_close()
        app.extensions["issuer"].store.close()


@contextmanager
def _keycloak(addresses: Addresses) -> Iterator[str]:
    if given := os.environ.get("MARQUEE_TEST_KEYCLOAK"):
        _settle(given, addresses)
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="marquee-keycloak-"))
    port, management_port = free_ports(2)
    server = Keycloak(
        folder, port, management_port=management_port, admin=ADMIN, variables=addresses.variables()
    )
    try:
        server.start(timeout_seconds=420)
        yield f"http://localhost:{port}"
    except ProgramMissing as missing:
        pytest.skip(str(missing))
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _settle(url: str, addresses: Addresses) -> None:
    """As a deploy would: this session's addresses and secrets."""
    admin = AdminApi(url, *ADMIN)
    admin.sign_in(wait_seconds=10)
    realm = read_realm_file(REALM_FILE, addresses.variables())
    apply(admin, realm, {"verifyEmail": False, "smtpServer": {}})
