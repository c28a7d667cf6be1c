"""`pass.strings`: the texts of a pass in one language, as lines of `"key" = "text";`.

Written in UTF-8 without a byte order mark: phones and the common readers of this format take it, while UTF-16 and a
mark are lost by some. Read in any of the encodings that phones take.
Source: Apple, "Creating the source for a pass" and Internationalization and Localization Guide, "Strings files".
"""

import codecs
import re
from collections.abc import Mapping

_TOKEN = re.compile(
    r"""
    (?P<blank> \s+ | /\*.*?\*/ | //[^\n]* )
  | "(?P<quoted> (?: [^"\\] | \\. )* )"
  | (?P<bare> [A-Za-z0-9_.$/:-]+ )
  | (?P<sign> [=;] )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(U[0-9A-Fa-f]{4}|[0-7]{3}|.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "b": "\b", "a": "\a", "v": "\v"}
_MUST_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')
_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class BadStrings(ValueError):
    """The bytes are not a strings file; str(error) says where they stop being one."""


def write_strings(texts: Mapping[str, str]) -> bytes:
    """The file with these texts. Raises UnicodeEncodeError when half of a surrogate pair stands alone in one."""
    return "".join(f'"{_escape(key)}" = "{_escape(text)}";\n' for key, text in texts.items()).encode()


def read_strings(data: bytes) -> dict[str, str]:
    """The texts in a file in UTF-8 or, with a byte order mark, UTF-16. Raises BadStrings."""
    tokens = _tokens(_decode(data))
    texts: dict[str, str] = {}
    for start in range(0, len(tokens), 4):
        line = tokens[start : start + 4]
        if len(line) < 4 or (line[1], line[3]) != (("sign", "="), ("sign", ";")) or "sign" in (line[0][0], line[2][0]):
            raise BadStrings(f'entry {start // 4 + 1} is not of the form "key" = "text";')
        key, text = line[0][1], line[2][1]
        if key in texts:
            raise BadStrings(f"the key {key!r} occurs twice")
        texts[key] = text
    return texts


def _escape(text: str) -> str:
    return _MUST_ESCAPE.sub(lambda match: _ESCAPED.get(match.group()) or f"\\U{ord(match.group()):04X}", text)


def _unescape(match: re.Match[str]) -> str:
    escape = match.group(1)
    if escape[0] == "U" and len(escape) == 5:
        return chr(int(escape[1:], 16))
    if escape.isdigit():
        return chr(int(escape, 8))
    return _LETTERS.get(escape, escape)


def _decode(data: bytes) -> str:
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadStrings(f"it is not {'UTF-16' if utf16 else 'UTF-8'} at byte {error.start}") from None


def _tokens(text: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            raise BadStrings(f"line {line} cannot be read; quotes and backslashes in a text need a backslash in front")
        position = match.end()
        if match.lastgroup == "quoted":
            found.append(("text", _ESCAPE.sub(_unescape, match["quoted"])))
        elif match.lastgroup != "blank":
            found.append((str(match.lastgroup), match.group()))
    return found
