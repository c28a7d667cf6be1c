"""As much of a browser as it takes to join: pages with their forms and links, and cookies."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import Request

from walletpass.sandbox.wire import Answer, NoConnection, Wire

MOST_STEPS = 10
"""Pages and redirects on the way to a pass."""

_FORM = "application/x-www-form-urlencoded"
_NOT_FILLED = {"checkbox", "radio", "submit", "button", "file"}


class NothingToAdd(Exception):
    """The way did not lead to a pass. words: what the person sees, to be translated; str(error): why."""

    def __init__(self, words: str, reason: str) -> None:
        super().__init__(reason)
        self.words = words


@dataclass(frozen=True)
class Manners:
    """What makes a browser one of its kind.

    fills_in: what autofill writes, by the `autocomplete` of a field. leads_to_pass: whether an address is worth going
    to before all others. no_page, no_pass: what the person sees. wanted: what it was looking for, for the developer.
    """

    fills_in: Mapping[str, str]
    leads_to_pass: Callable[[str], bool]
    no_page: str
    no_pass: str
    wanted: str


class Browser:
    """The browser of one phone."""

    def __init__(self, wire: Wire, manners: Manners) -> None:
        self._wire, self._manners = wire, manners
        self._cookies = CookieJar()

    def travel(self, url: str, arrived: Callable[[str, Answer], bool]) -> tuple[str, Answer]:
        """Open an address and go on, by redirects, links and forms, as a person would who wants a pass.

        Returns where it arrived, and the answer there. Raises NothingToAdd.
        """
        answer = self._request("GET", url)
        for _ in range(MOST_STEPS):
            if arrived(url, answer):
                return url, answer
            url, answer = self._go_on(url, answer)
        raise NothingToAdd(self._manners.no_pass, f"no pass after {MOST_STEPS} pages and redirects")

    def _go_on(self, url: str, answer: Answer) -> tuple[str, Answer]:
        """The next address, and its answer."""
        if 300 <= answer.status < 400 and (location := answer.headers.get("Location")):
            url = urljoin(url, location)
            return url, self._request("GET", url)
        page = _read(answer, self._manners)
        if onward := page.onward:
            url = urljoin(url, onward)
            return url, self._request("GET", url)
        if page.form:
            url = urljoin(url, page.form.action)
            return url, self._request("POST", url, urlencode(page.form.fields).encode())
        raise NothingToAdd(
            self._manners.no_pass, f"the page “{page.title}” has no link to a pass and no form that makes one"
        )

    def _request(self, method: str, url: str, body: bytes | None = None) -> Answer:
        if urlsplit(url).scheme not in {"http", "https"}:
            raise NothingToAdd(
                self._manners.no_page, f"{url!r} is not a web address; it has to begin with https:// or http://"
            )
        request = Request(url, method=method)  # what the cookie jar knows; nothing is sent with it
        self._cookies.add_cookie_header(request)
        headers = request.unredirected_hdrs | ({"Content-Type": _FORM} if body is not None else {})
        try:
            answer = self._wire.request(method, url, headers, body)
        except NoConnection as error:
            raise NothingToAdd(self._manners.no_page, str(error)) from None
        self._cookies.extract_cookies(_Received(answer), request)  # type: ignore[arg-type]
        return answer


class _Received:
    """An answer in the shape that the cookie jar reads."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def info(self) -> Message:
        message = Message()
        for cookie in self._answer.headers.getlist("Set-Cookie"):
            message["Set-Cookie"] = cookie
        return message


@dataclass
class _Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    has_button: bool = False


def _read(answer: Answer, manners: Manners) -> "_Page":
    """The page in an answer. Raises NothingToAdd when it is an error page, or no page."""
    page = _Page(manners)
    is_html = answer.media_type == "text/html"
    if is_html:
        page.feed(answer.body.decode("utf-8", "replace"))
    if answer.status != 200 or not is_html:
        kind = f" “{page.title}”" if is_html else f" of type {answer.media_type or 'unknown'}"
        raise NothingToAdd(manners.no_pass, f"the server answered {answer.status} with a page{kind}; {manners.wanted}")
    return page


class _Page(HTMLParser):
    """The title of a page and the ways onward that a person would take: a pass first, then the main button.

    form: the first one that is sent with POST, filled in and sent with its first button.
    """

    def __init__(self, manners: Manners) -> None:
        super().__init__()
        self.title = ""
        self.form: _Form | None = None
        self._manners = manners
        self._refresh = self._pass = self._button = ""
        self._in_title = self._in_form = False

    @property
    def onward(self) -> str:
        return self._refresh or self._pass or ("" if self.form else self._button)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "title":
            self._in_title = True
        elif tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self._refresh = given.get("content", "").partition("url=")[2]
        elif tag == "a":
            self._read_link(given.get("href", ""), given.get("class", "").split())
        elif tag == "form" and given.get("method", "").lower() == "post" and not self.form:
            self.form, self._in_form = _Form(given.get("action", "")), True
        elif self.form and self._in_form and given.get("name"):
            self._fill_in(self.form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._in_form = False
        elif tag == "title":
            self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def _read_link(self, href: str, classes: list[str]) -> None:
        if self._manners.leads_to_pass(href):
            self._pass = self._pass or href
        elif "button" in classes:
            self._button = self._button or href

    def _fill_in(self, form: _Form, tag: str, given: dict[str, str]) -> None:
        value = given.get("value", "")
        if tag == "input" and given.get("type", "text") not in _NOT_FILLED:
            form.fields[given["name"]] = self._manners.fills_in.get(given.get("autocomplete", ""), value)
        elif tag == "button" and not form.has_button:
            form.fields[given["name"]], form.has_button = value, True
