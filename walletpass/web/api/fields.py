"""The parts that the JSON API's bodies are made of: checks and descriptions of single fields.

Bodies are typed dictionaries: pydantic checks what is taken against them, mypy what is given, and the OpenAPI document
describes both. Texts are checked once more, in words, by the rules that keep them.
"""

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from walletpass.loyalty.merchants import LONGEST_SLUG
from walletpass.loyalty.operations import LONGEST_NOTE
from walletpass.loyalty.programs import MOST_STAMPS
from walletpass.loyalty.texts import LONGEST_LINE, LONGEST_NAME

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
"""For what is taken: no type stands for another, and a field that we do not know is a mistake worth hearing of."""

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _read_day(value: object) -> date:
    # By itself pydantic also takes seconds since 1970, written as a text.
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        raise ValueError("write a day as a text like 1990-12-31")
    return date.fromisoformat(value)


Id = Annotated[str, Field(min_length=1, max_length=LONGEST_LINE)]
Slug = Annotated[str, Field(min_length=1, max_length=LONGEST_SLUG, description="a-z, 0-9 and single hyphens")]
Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Line = Annotated[str, Field(max_length=LONGEST_LINE)]
Note = Annotated[str, Field(max_length=LONGEST_NOTE)]
StampNumber = Annotated[int, Field(ge=1, le=MOST_STAMPS)]
Language = Literal["en", "pl", "hu"]
Day = Annotated[date, BeforeValidator(_read_day)]

WrittenDay = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
Link = Annotated[str, WithJsonSchema({"type": "string", "format": "uri"})]
