# SPDX-License-Identifier: MIT
"""Public functions: a wrong keyword gets the nearest right one, shared parameters are shown.

Parameters that several functions share are declared once, in a ``TypedDict`` that type checkers
read (PEP 692); ``help`` and ``inspect.signature`` show them one by one.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from puffer_edge.choices import nearest
from puffer_edge.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])


def public(shared: Mapping[str, Any] | None = None, defaults: Mapping[str, Any] | None = None
           ) -> Callable[[F], F]:
    """Decorator of a function that users call.

    Args:
        shared: annotations by name of what the function takes as ``**keywords``.
        defaults: of these.
    """
    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        own = [each for each in signature.parameters.values()
               if each.kind is not inspect.Parameter.VAR_KEYWORD]
        more = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=getattr(
                                      annotation, "__forward_arg__", annotation),
                                  default=(defaults or {}).get(name))
                for name, annotation in (shared or {}).items()
                if name not in signature.parameters]
        whole = signature.replace(parameters=[*own, *more])

        @functools.wraps(function)
        def run(*arguments: Any, **keywords: Any) -> Any:
            for name in keywords:
                if name not in whole.parameters:
                    raise UsageError(
                        f"{function.__name__}() takes no {name}=", hint=nearest(
                            name, [f"{known}=" for known in whole.parameters], otherwise=
                            f"it takes {', '.join(whole.parameters)}"))
            try:
                signature.bind(*arguments, **keywords)
            except TypeError as error:
                raise UsageError(f"{function.__name__}(): {error}",
                                 hint=f"it takes {', '.join(whole.parameters)}") from None
            return function(*arguments, **keywords)

        run.__signature__ = whole  # type: ignore[attr-defined]
        return cast(F, run)
    return decorate
