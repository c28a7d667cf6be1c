"""Google's own description of its interface, and what is wrong with a body by it.

It comes with the package google-api-python-client, which is read as a file and otherwise not used.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

_PRIMITIVES: Mapping[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
}


@cache
def schemas() -> Mapping[str, Any]:
    """All types of the interface, by name."""
    folder = files("googleapiclient") / "discovery_cache" / "documents"
    found: Mapping[str, Any] = json.loads((folder / "walletobjects.v1.json").read_text())["schemas"]
    return found


def faults(body: object, schema: str) -> list[str]:
    """What Google's description says against a body: unknown fields, deprecated ones, wrong types and enums."""
    return list(_faults(body, {"$ref": schema}, schema))


def _faults(value: object, given: Mapping[str, Any], where: str) -> Iterator[str]:
    described = schemas()[given["$ref"]] if "$ref" in given else given
    match described["type"]:
        case "object":
            yield from _object_faults(value, described, where)
        case "array":
            yield from _array_faults(value, described, where)
        case kind:
            yield from _value_faults(value, described, kind, where)


def _object_faults(value: object, described: Mapping[str, Any], where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{where}: not an object"
        return
    for name, part in value.items():
        field = described["properties"].get(name)
        if field is None:
            yield f"{where}.{name}: no such field"
        elif field.get("deprecated"):
            yield f"{where}.{name}: deprecated"
        else:
            yield from _faults(part, field, f"{where}.{name}")


def _array_faults(value: object, described: Mapping[str, Any], where: str) -> Iterator[str]:
    if not isinstance(value, list):
        yield f"{where}: not a list"
        return
    for number, part in enumerate(value):
        yield from _faults(part, described["items"], f"{where}[{number}]")


def _value_faults(value: object, described: Mapping[str, Any], kind: str, where: str) -> Iterator[str]:
    if not isinstance(value, _PRIMITIVES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{where}: {value!r} is no {kind}"
    known = described.get("enum")
    if known is not None and value not in known:
        yield f"{where}: {value!r} is not one of {known}"
    elif known is not None and described.get("enumDeprecated", [False] * len(known))[known.index(value)]:
        yield f"{where}: {value!r} is an old name"
