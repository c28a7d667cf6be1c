"""The texts of the catalogue, as the sources mark them.

`make catalogue` runs this file: it brings the `.po` files up to date with them and says what is left to translate.
"""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from walletpass import i18n

PACKAGE = Path(i18n.__file__).parent
TRANSLATED = tuple(language for language in i18n.LANGUAGES if language != i18n.DEFAULT_LANGUAGE)

METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2"), ("**/templates/**.txt", "jinja2")]
KEYWORDS = {"_": None, "N_": None, "ngettext": (1, 2), "plural": (1, 2), "translate_plural": (2, 3)}
LOUD = {"**/templates/**": {"silent": "false"}}
"""A template that cannot be read would otherwise have no texts, and nobody would know."""


def used() -> Catalog:
    """All texts that are marked anywhere in the package, with the files that they stand in."""
    catalogue = Catalog()
    for file, line, message, _, _ in extract_from_dir(PACKAGE, METHODS, options_map=LOUD, keywords=KEYWORDS):
        catalogue.add(message, locations=[(file, line)])
    return catalogue


def catalogue_of(language: str) -> Catalog:
    """The translations into one language."""
    with _path(language).open("rb") as file:
        return read_po(file, locale=language)


def bring_up_to_date(language: str) -> Catalog:
    """Take up the texts that are new in the sources, and drop those that are gone. The head of the file stays."""
    catalogue, path = catalogue_of(language), _path(language)
    catalogue.update(used(), no_fuzzy_matching=True, update_creation_date=False)
    head, _ = path.read_text().split("\n\n", 1)
    with path.open("wb") as file:
        file.write(f"{head}\n\n".encode())
        write_po(
            file,
            catalogue,
            width=110,
            omit_header=True,
            sort_by_file=True,
            include_lineno=False,
            ignore_obsolete=True,
        )
    return catalogue


def forms(message: Message) -> tuple[str, ...]:
    """A translation in all its forms; one for a text that does not count anything."""
    return tuple(message.string) if isinstance(message.string, tuple | list) else (message.string or "",)


def untranslated(catalogue: Catalog) -> Iterator[Message]:
    """The texts without a translation in each form."""
    return (message for message in catalogue if message.id and not all(forms(message)))


def _path(language: str) -> Path:
    return PACKAGE / "translations" / f"{language}.po"


if __name__ == "__main__":
    for each in TRANSLATED:
        missing = list(untranslated(bring_up_to_date(each)))
        print(f"{each}.po: {len(missing)} texts to translate")
