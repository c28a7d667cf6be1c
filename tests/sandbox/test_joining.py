"""What the Safari of a pretend iPhone does on the way from a QR code to a pass."""

from cryptography import x509
from werkzeug.wrappers import Response

from tests.apple_service import Clock
from tests.sandbox.pass_service import PassService, html
from tests.sandbox.steps import SECONDS
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.safari import NO_PASS


def test_the_form_of_the_join_page_is_sent_with_its_hidden_fields_and_first_button(
    phone: IPhone, service: PassService
) -> None:
    service.issue()
    service.pages["/join"] = html(
        "<form method=post action=/joined><input type=hidden name=key value=k1>"
        "<input name=name autocomplete=given-name><input type=checkbox name=news value=1>"
        "<button name=wallet value=apple>Add</button><button name=wallet value=web>Use</button></form>"
    )
    service.pages["/joined"] = Response(status=303, headers={"Location": "/card-1.pkpass"})
    phone.open(f"{service.url}/join").result(SECONDS)
    assert len(phone.state.passes) == 1
    assert service.asked("page")[1].body == b"key=k1&name=Emma&wallet=apple"


def test_cookies_come_back_to_where_they_were_set(phone: IPhone, service: PassService) -> None:
    service.issue()
    service.pages["/join"] = html("<a href=/card-1.pkpass>Add</a>", Set_Cookie="session=s1; Path=/; HttpOnly")
    phone.open(f"{service.url}/join").result(SECONDS)
    assert service.asked("page")[1].headers["Cookie"] == "session=s1"


def test_a_page_that_refreshes_to_the_pass_is_followed(phone: IPhone, service: PassService) -> None:
    service.issue()
    service.pages["/card"] = html("<meta http-equiv=refresh content='0; url=/card-1.pkpass'>")
    phone.open(f"{service.url}/card").result(SECONDS)
    assert len(phone.state.passes) == 1


def test_a_page_with_a_button_like_link_leads_on(phone: IPhone, service: PassService) -> None:
    service.issue()
    service.pages["/joined"] = html("<a class='button big' href=/card>Open my card</a>")
    service.pages["/card"] = html("<a href='/card-1.pkpass?again=1'>Add to Apple Wallet</a>")
    phone.open(f"{service.url}/joined").result(SECONDS)
    assert len(phone.state.passes) == 1


def test_a_page_that_leads_nowhere_is_named(phone: IPhone, service: PassService) -> None:
    service.pages["/about"] = html("<p>About us</p>")
    phone.open(f"{service.url}/about").result(SECONDS)
    assert phone.state.alert is not None and "“Bean Bar”" in phone.state.alert.reasons[0]


def test_going_round_in_circles_ends(phone: IPhone, service: PassService) -> None:
    service.pages["/round"] = Response(status=302, headers={"Location": "/round"})
    phone.open(f"{service.url}/round").result(SECONDS)
    assert phone.state.alert is not None and phone.state.alert.words == NO_PASS


def test_pages_are_asked_for_in_the_language_of_the_phone(
    apns: PretendAPNs, roots: list[x509.Certificate], service: PassService, clock: Clock
) -> None:
    with IPhone("Kasia", "pl", apns=apns, roots=roots, clock=clock) as kasias:
        kasias.open(service.issue()).result(SECONDS)
    [asked] = service.asked("page")
    assert asked.headers["Accept-Language"] == "pl"
    assert "iPhone" in asked.headers["User-Agent"]
