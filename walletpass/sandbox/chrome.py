"""The Chrome of a pretend Android phone: from the code on the counter to a pass in the owner's Google account."""

from urllib.parse import urlsplit

from walletpass.i18n import N_
from walletpass.sandbox.browser import Browser, Manners
from walletpass.sandbox.wire import Wire

AGENT = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
    "Mobile Safari/537.36"
)

NO_PAGE = N_("This site can’t be reached.")
NO_PASS = N_("Something went wrong. No pass was added to Google Wallet.")


class Chrome:
    """The browser of one phone. owner, account: what autofill writes where a page asks for a name or an account."""

    def __init__(self, wire: Wire, owner: str, account: str) -> None:
        manners = Manners(
            fills_in={"name": owner, "given-name": owner, "email": account},
            leads_to_pass=lambda href: urlsplit(href).path.endswith("/google"),
            no_page=NO_PAGE,
            no_pass=NO_PASS,
            wanted="a pass is saved on Google's own page, which a link of the card has to lead to",
        )
        self._browser = Browser(wire, manners)

    def save_pass(self, url: str) -> None:
        """Open an address and do what leads to Google's page and saves the pass there. Raises NothingToAdd."""
        self._browser.travel(url, lambda at, got: got.status == 200 and urlsplit(at).path.startswith("/gp/v/object/"))
