"""The house of DESIGN.md: rooms, and imports that point downwards only."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import walletpass

HOUSE = Path(walletpass.__file__).parent

FLOORS = (
    {"settings", "keys", "i18n", "database", "allowance", "checks"},
    {"deps", "loyalty"},
    {"passes", "accounts"},
    {"apple", "google"},
    {"delivery"},
    {"web", "sandbox"},
    {"app", "doctor", "serving", "migrations"},
    {"cli"},
    {"__main__"},
)
"""From the ground up. A room uses the floors below its own, never its neighbours."""

LEVEL = {room: level for level, floor in enumerate(FLOORS) for room in floor}

WEB_AND_WALLETS = {"flask", "werkzeug", "jinja2", "httpx", "h2", "pycurl", "requests", "urllib3", "cryptography", "PIL"}


def modules() -> dict[str, ast.Module]:
    """Every module of the package: its dotted name, and what it says."""
    found = {}
    for file in sorted(HOUSE.rglob("*.py")):
        name = ".".join(["walletpass", *file.relative_to(HOUSE).with_suffix("").parts])
        found[name.removesuffix(".__init__")] = ast.parse(file.read_text(), str(file))
    return found


def imported(tree: ast.AST) -> Iterator[str]:
    """The dotted names of what the code imports: `a.b` for `from a import b`, be it a module or something in one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{'.' * node.level}{node.module or ''}.{alias.name}" for alias in node.names)


def room(name: str) -> str:
    """The room of what has that dotted name; empty for the package itself."""
    return [*name.split("."), ""][1]


def hidden(tree: ast.AST) -> list[int]:
    """The lines of imports inside functions."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        node.lineno
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]


def upward(module: str, tree: ast.AST) -> list[str]:
    """What a module imports although it is not below it."""
    own = room(module)
    others = {name for name in imported(tree) if name.startswith("walletpass.") and room(name) in LEVEL}
    return sorted(name for name in others if room(name) != own and LEVEL[room(name)] >= LEVEL[own])


def circles(house: dict[str, ast.Module]) -> list[str]:
    """Modules that import each other, the first such circle."""
    graph = {}
    for module, tree in house.items():
        names = (name if name in house else name.rpartition(".")[0] for name in imported(tree))
        graph[module] = {name for name in names if name in house and name != "walletpass"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        return circle
    return []


HOUSE_MODULES = modules()


def test_every_room_has_its_place_on_a_floor() -> None:
    assert {room(module) for module in HOUSE_MODULES if room(module)} == set(LEVEL)


def test_imports_point_downwards_only() -> None:
    found = {module: upward(module, tree) for module, tree in HOUSE_MODULES.items() if room(module)}
    assert {module: names for module, names in found.items() if names} == {}


def test_imports_stand_at_the_top_of_a_file() -> None:
    found = {module: hidden(tree) for module, tree in HOUSE_MODULES.items()}
    assert {module: lines for module, lines in found.items() if lines} == {}


def test_imports_are_absolute() -> None:
    assert [module for module, tree in HOUSE_MODULES.items() if any(name[0] == "." for name in imported(tree))] == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(HOUSE_MODULES) == []


def test_loyalty_loads_no_web_framework_no_http_client_and_no_wallet() -> None:
    rooms = ", ".join(f"walletpass.loyalty.{file.stem}" for file in (HOUSE / "loyalty").glob("[a-z]*.py"))
    program = f"import sys, {rooms}; print(' '.join(sys.modules))"
    loaded = set(subprocess.check_output([sys.executable, "-c", program], text=True).split())
    assert "walletpass.loyalty.operations" in loaded
    assert not WEB_AND_WALLETS & loaded
    assert {room(name) for name in loaded if name.startswith("walletpass.")} == {"loyalty", "database", "i18n"}


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("walletpass.loyalty.rules", "from walletpass.apple import push", ["walletpass.apple.push"]),
        ("walletpass.loyalty.rules", "import walletpass.web.counter", ["walletpass.web.counter"]),
        ("walletpass.apple.push", "from walletpass import google", ["walletpass.google"]),
        ("walletpass.apple.push", "def f():\n    import walletpass.delivery", ["walletpass.delivery"]),
        ("walletpass.apple.push", "from walletpass.apple import signing\nimport walletpass.keys", []),
        ("walletpass.web.counter", "from walletpass import __version__\nfrom walletpass.loyalty.cards import Card", []),
    ],
)
def test_the_check_sees_what_points_upwards_or_sideways(module: str, source: str, found: list[str]) -> None:
    assert upward(module, ast.parse(source)) == found


def test_the_check_sees_an_import_inside_a_function() -> None:
    assert hidden(ast.parse("import os\n\ndef f():\n    from sys import path\n")) == [4]


def test_the_check_sees_a_circle() -> None:
    house = {"house.a": ast.parse("from house import b"), "house.b": ast.parse("from house.a import something")}
    assert set(circles(house)) == {"house.a", "house.b"}
