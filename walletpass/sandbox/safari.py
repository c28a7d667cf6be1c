"""The Safari of a pretend iPhone: from the code on the counter to a pass."""

from urllib.parse import urlsplit

from walletpass.apple.bundle import MEDIA_TYPE
from walletpass.i18n import N_
from walletpass.sandbox.browser import Browser, Manners
from walletpass.sandbox.wire import Wire

AGENT = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.0 Mobile/15E148 Safari/604.1"
)

NO_PAGE = N_("Safari cannot open the page.")
NO_PASS = N_("There is no pass to add here.")


class Safari:
    """The browser of one phone. owner: what autofill writes where a page asks for a name."""

    def __init__(self, wire: Wire, owner: str) -> None:
        manners = Manners(
            fills_in={"name": owner, "given-name": owner},
            leads_to_pass=lambda href: urlsplit(href).path.endswith(".pkpass"),
            no_page=NO_PAGE,
            no_pass=NO_PASS,
            wanted=f"a pass comes with 200 and {MEDIA_TYPE}",
        )
        self._browser = Browser(wire, manners)

    def find_pass(self, url: str) -> bytes:
        """Open an address and do what leads to a pass: follow its link, or send the form that makes one.

        Returns the .pkpass. Raises NothingToAdd.
        """
        _, answer = self._browser.travel(url, lambda _, got: got.status == 200 and got.media_type == MEDIA_TYPE)
        return answer.body
