"""Reading a page the way its visitor does: headings, links, buttons, forms, text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from werkzeug.test import TestResponse


@dataclass
class Form:
    """A form with what its fields hold, and its buttons by their text."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: dict[str, dict[str, str]] = field(default_factory=dict)

    def press(self, button: str, **typed: str) -> dict[str, str]:
        """What the browser sends when that button is pressed, after something was typed into some fields."""
        return {**self.fields, **typed, **self.buttons[button]}


class Page(HTMLParser):
    """A page, taken apart. links: text -> address."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.language = self.title = self.heading = self.text = self.refresh = ""
        self.links: dict[str, str] = {}
        self.forms: list[Form] = []
        self._open: list[tuple[str, str, dict[str, str]]] = []
        self.feed(html)
        self.text = " ".join(self.text.split())

    @property
    def form(self) -> Form:
        """The one form of the page."""
        (form,) = self.forms
        return form

    @property
    def buttons(self) -> list[str]:
        """What the buttons say, links that look like buttons not among them."""
        return [text for form in self.forms for text in form.buttons]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given.get("lang", "")
        elif tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag == "meta" and given.get("http-equiv") == "refresh":
            self.refresh = given["content"].partition("url=")[2]
        elif tag == "input" and self.forms and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "img":
            self.text += f" {given['alt']} "
        if tag in {"title", "h1", "a", "button"}:
            self._open.append((tag, "", given))

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open:
            tag, text, given = self._open[-1]
            self._open[-1] = tag, text + data, given

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            return
        _, text, given = self._open.pop()
        text = " ".join(text.split())
        match tag:
            case "title":
                self.title = text
            case "h1":
                self.heading = text
            case "a":
                self.links[text] = given["href"]
            case "button" if self.forms:
                sent = {given["name"]: given.get("value", "")} if "name" in given else {}
                self.forms[-1].buttons[text] = sent


def read(response: TestResponse) -> Page:
    """The page in an answer."""
    return Page(response.text)
