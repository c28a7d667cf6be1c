"""What the developer sees of what phones and servers say to each other."""

from tests.sandbox.pass_service import TOKEN, PassService
from tests.sandbox.steps import add, shows, update
from walletpass.sandbox.iphone import IPhone


def test_no_secret_is_written_down(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    update(service, "5 / 10")
    phone.wait_for(shows("5 / 10"))
    [(device, push_token)] = service.passes["card-1"].push_tokens.items()
    written = repr(phone.state.exchanges)
    assert "POST /apple/v1/devices/" in written
    for secret in (TOKEN, device, push_token):
        assert secret not in written


def test_requests_answers_and_pushes_are_there_in_order(phone: IPhone, service: PassService) -> None:
    add(phone, service)
    update(service, "5 / 10")
    phone.wait_for(shows("5 / 10"))
    spoken = [(each.who, each.what.partition(" ")[0], each.outcome) for each in reversed(phone.state.exchanges)]
    assert spoken == [
        ("Safari", "GET", "200"),
        ("passd", "POST", "201"),
        ("passd", "GET", "200"),
        ("passd", "GET", "200"),
        ("APNs", "push", ""),
        ("passd", "GET", "200"),
        ("passd", "GET", "200"),
    ]
