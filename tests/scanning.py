"""What the code says to people: keys of texts, and templates of errors."""

import ast
from collections.abc import Iterator
from pathlib import Path

from kommo_sync import errors

PACKAGE = Path(errors.__file__).parent
ERRORS = {
    name
    for name, thing in vars(errors).items()
    if isinstance(thing, type) and issubclass(thing, errors.KommoSyncError)
}


def modules() -> Iterator[ast.Module]:
    """Yield the package's modules, but for the sandbox, which speaks English."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if PACKAGE / "sandbox" not in path.parents:
            yield ast.parse(path.read_text("utf-8"))


def spoken_keys() -> set[str]:
    """Return the keys that stand in calls of `say`, `say_many`, `tell` and `warn`."""
    verbs = {"say", "say_many", "tell", "warn"}
    return {
        argument.value
        for module in modules()
        for call in ast.walk(module)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in verbs
        for argument in _branches(call.args[:1])
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def _branches(arguments: list[ast.expr]) -> Iterator[ast.expr]:
    for argument in arguments:
        if isinstance(argument, ast.IfExp):
            yield from _branches([argument.body, argument.orelse])
        else:
            yield argument


def texts_in_code() -> set[str]:
    """Return every text constant in the code."""
    return {
        node.value
        for module in modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def error_templates() -> set[str]:
    """Return the templates of all errors.

    A template stands first in the call of an error's class, or beside the class in a
    tuple, itself or by the name of a constant of its module.
    """
    found = set()
    for module in modules():
        constants = dict(_constants(module))
        for node in ast.walk(module):
            for place in _template_places(node):
                if isinstance(place, ast.Name):
                    place = constants.get(place.id, place)
                if isinstance(place, ast.Constant) and isinstance(place.value, str):
                    found.add(place.value)
    return found


def _constants(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in module.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _template_places(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Call) and _is_error(node.func):
        return node.args[:1]
    if isinstance(node, ast.Tuple) and any(map(_is_error, node.elts)):
        after = [_is_error(element) for element in node.elts].index(True) + 1
        return node.elts[after:]
    return []


def _is_error(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in ERRORS
