"""Fields of parameter models in the reference: their titles, descriptions and defaults."""

import ast
from typing import Any

from griffe import Attribute, Class, ExprCall, ExprKeyword, Extension


class Fields(Extension):
    """Tell the fields of every pydantic model in the docstring of its class."""

    def on_class(self, *, cls: Class, **_: Any) -> None:
        told = [line for a in cls.attributes.values() for line in field(a)]
        if told and cls.docstring:
            cls.docstring.value += "\n\nAttributes\n----------\n" + "\n".join(told)


def field(attribute: Attribute) -> list[str]:
    """Lines of a docstring about an attribute, where pydantic's `Field` makes it."""
    call = attribute.value
    if not isinstance(call, ExprCall) or call.function.canonical_name != "Field":
        return []
    given = {a.name: a.value for a in call.arguments if isinstance(a, ExprKeyword)}
    plain = [str(a) for a in call.arguments if not isinstance(a, ExprKeyword)]
    words = [ast.literal_eval(str(given[k])) for k in ("title", "description") if k in given]
    default = plain[0] if plain else given.get("default")
    if default is not None and str(default) != "...":
        words.append(f"default: `{default}`")
    elif "default_factory" not in given:
        words.append("must be given")
    return [attribute.name, "    " + "; ".join(words)]
