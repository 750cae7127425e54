import pytest
from fakes import ANNA, DOWN, FakeGateway
from payments.errors import GatewayUnavailable
from payments.gateway import Gateway, Response


def test_a_call_is_tried_again_when_the_gateway_is_down(mocked_retry):
    fake = FakeGateway(customers=[DOWN, Response(200, ANNA)])
    assert Gateway(fake).customer("anna").id == "anna"
    assert fake.count("customers") == 2
    assert mocked_retry.waits == pytest.approx([0.1])


def test_a_broken_connection_counts_as_down(mocked_retry):
    attempts = []

    def broken(method, path, body):
        attempts.append(path)
        raise ConnectionResetError("connection reset by peer")

    with pytest.raises(GatewayUnavailable, match="connection reset by peer"):
        Gateway(broken).notify("anna@example.com", "Hello.")
    assert len(attempts) == 3
    assert mocked_retry.waits == pytest.approx([0.1, 0.2])
