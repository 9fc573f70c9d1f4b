"""One setting names one broker or several."""

import pytest

from marquee.messaging.rabbit import servers_from


@pytest.mark.parametrize(
    "url",
    [
        "amqp://me:p%2Cw@mq1:5673/house,amqp://me:p%2Cw@mq2/house",
        "amqp://me:p%2Cw@mq1:5673,mq2/house",
    ],
)
def test_an_address_may_name_several_brokers(url: str) -> None:
    servers = servers_from(url)

    assert [(one.host, one.port, one.virtual_host) for one in servers] == [
        ("mq1", 5673, "house"),
        ("mq2", 5672, "house"),
    ]
    assert {(one.credentials.username, one.credentials.password) for one in servers} == {("me", "p,w")}


def test_a_broker_that_died_is_noticed_within_seconds() -> None:
    [server] = servers_from("amqp://guest:guest@localhost/%2F?heartbeat=600")

    assert (server.heartbeat, server.socket_timeout, server.blocked_connection_timeout) == (5, 2, 5)
    assert server.tcp_options == {"TCP_USER_TIMEOUT": 5000}
