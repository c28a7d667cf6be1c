"""Somebody at the counter: signed in, with the page in front of them, pressing its buttons."""

from dataclasses import dataclass, field

from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.test import TestResponse

from tests.cafe import DESKTOP, Cafe
from tests.web.page import Form, Page, read
from walletpass.accounts import tables
from walletpass.accounts.members import Member
from walletpass.accounts.roles import Role
from walletpass.accounts.sign_ins import open_sign_in
from walletpass.database import reading, transaction
from walletpass.loyalty.cards import Card
from walletpass.loyalty.ids import new_id
from walletpass.loyalty.ledger import Entry, entries_of

COOKIE = "walletpass-sign-in"
ALWAYS = {"Sign out", "Light", "Try the camera again", "Stop", "Find"}
"""Buttons that have nothing to do with the card on the counter."""


@dataclass
class Till:
    """A browser on the counter. Redirects are followed, as browsers do."""

    cafe: Cafe
    browser: FlaskClient
    answer: TestResponse = field(init=False)

    @property
    def page(self) -> Page:
        """What the screen shows."""
        return read(self.answer)

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def text(self) -> str:
        return self.page.text

    @property
    def buttons(self) -> list[str]:
        """The buttons of the card that is on the counter, in order."""
        return [text for text in self.page.buttons if text not in ALWAYS]

    def open(self, path: str = "/counter") -> None:
        self.answer = self.browser.get(path, follow_redirects=True)

    def form(self, button: str) -> Form:
        """The form that holds the button."""
        return next(form for form in self.page.forms if button in form.buttons)

    def send(self, path: str, **fields: str) -> None:
        """Send what the page may not offer."""
        token = self.form("Find").fields["csrf_token"]
        self.answer = self.browser.post(path, data={"csrf_token": token, **fields}, follow_redirects=True)

    def press(self, button: str, **typed: str) -> None:
        form = self.form(button)
        self.answer = self.browser.post(form.action, data=form.press(button, **typed), follow_redirects=True)

    def scan(self, code: str) -> None:
        """Type the code of a card, or let a hand scanner type it."""
        self.open()
        self.press("Find", code=code)


def stand_at(cafe: Cafe, role: Role = "staff", name: str = "Alice") -> Till:
    """A new member of the team is signed in at the counter."""
    till = Till(cafe, cafe.browser(DESKTOP))
    till.browser.set_cookie(COOKIE, signed_in(cafe, role, name))
    till.open()
    return till


def signed_in(cafe: Cafe, role: Role = "staff", name: str = "Alice") -> str:
    """What the cookie holds for a new member of the team. How one signs in is told elsewhere: passwords are slow."""
    member = Member(new_id(), cafe.shop.merchant.id, f"{name}@bean.example", name, role)
    with transaction(cafe.deps.engine) as connection:
        values = {**vars(member), "password_hash": "none", "created_at": cafe.now}
        connection.execute(insert(tables.member).values(values))
        return open_sign_in(connection, member, cafe.now)


def ledger(cafe: Cafe, card: Card) -> list[Entry]:
    """What happened to the card after joining, rewards earned left out."""
    with reading(cafe.deps.engine) as connection:
        return [entry for entry in entries_of(connection, card.id) if entry.kind not in {"joined", "earned"}]
