"""How the compiled parts of the checker are compiled.

    kernel        the usual one; it may make arrays
    raw_kernel    makes no arrays and counts no references: for the inner loops of a search
    inlined       a piece of a raw kernel that has a name; its code is put where it is called

Why three. A kernel that hands arrays to another one counts their references, atomically, at every call. In a loop of
short steps that costs as much as the steps: the search of `clew.checkers.wgl`, written with one `kernel` for each mode,
took 1.9 times as long as in one piece. With raw kernels it took 1.25 times as long, because of the arguments that every
call passes on. With `inlined` pieces it takes 0.75 times as long, and compiles in three quarters of the time.

Python and kernels call different code. For Python, numba compiles a wrapper that takes every argument apart. Where the
argument is a tuple of fifty arrays, the wrapper takes longer to compile than the function. Most functions are called by
kernels alone. So a kernel has a wrapper where Python calls it, and none where a kernel does.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from clew.checkers.kept_code import LOADING, compiled_and_kept, load_numba, numba_is_here


@functools.cache
def _stamp() -> bytes:
    """A hash of everything that a kernel may have been compiled from."""
    import hashlib

    here = Path(__file__).parent
    files = sorted(file.relative_to(here).as_posix() for file in here.rglob("*.py"))
    return hashlib.sha256(b"\0".join((here / file).read_bytes() for file in files)).digest()


class Kernel:
    """A function that numba compiles at its first call: only then is numba imported.

    Everything else that numba's own functions have, this has too. So numba takes it for one where a kernel calls it.
    """

    _enough = 100_000
    """How much may be done by plain functions in one process, in elements: a third of a second. To import numba and
    load one kernel takes half a second."""
    _done = 0.0

    def __init__(self, function: Callable[..., Any], make: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._make = make
        self._made: Any = None
        self._inner: Any = None

    @property
    def made(self) -> Any:
        """What numba makes of the function."""
        if self._made is None:
            load_numba()
            with LOADING:
                if self._made is None:
                    self._made = self._make(self._function)
        return self._made

    @property
    def _numba_type_(self) -> Any:
        """What numba takes this for in a kernel: a function that has no wrapper for Python."""
        load_numba()
        with LOADING:
            if self._inner is None:
                function = self._function
                inner = _copied(function, function.__globals__)
                # numba keeps code under this name, and says nowhere whether it has a wrapper.
                inner.__qualname__ = f"{function.__qualname__}.inner"
                inner.__module__ = function.__module__
                self._inner = _for_all_numbers(self._make(inner, no_cpython_wrapper=True))
        return self._inner._numba_type_

    @functools.cached_property
    def plain(self) -> Callable[..., Any]:
        """The function as it is written. The kernels that it calls are plain functions too."""
        function: Any = self._function
        return _copied(function, _plain_names(function.__globals__))

    def __call__(self, *arguments: Any) -> Any:
        """Call the compiled function."""
        return (self._made or self.made)(*arguments)

    def for_few(self, elements: int) -> Callable[..., Any]:
        """The plain function, if so little is to be done that numba need not be imported for it; or the compiled one.

        The kernel must look at each of its `elements` a few times only, and mean the same to Python and to numba.
        """
        if elements > Kernel.plain_left():
            return self
        Kernel.did_plainly(elements)
        return self.plainly

    def plainly(self, *arguments: Any) -> Any:
        """Call the plain function."""
        # The integers of numba wrap around without a word. So do those of numpy, but it warns.
        with np.errstate(over="ignore"):
            return self.plain(*arguments)

    @staticmethod
    def plain_left() -> float:
        """How much plain functions may still do in this process, in elements. Nothing if numba is imported."""
        return 0 if numba_is_here() else max(0, Kernel._enough - Kernel._done)

    @staticmethod
    def did_plainly(elements: float) -> None:
        """Count what plain functions have done."""
        Kernel._done += elements

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("_function", "_make", "_made", "_inner"):
            raise AttributeError(name)
        return getattr(self.made, name)


def _copied(function: Any, names: dict[str, Any]) -> types.FunctionType:
    """The same function, which finds other things under the names of its module."""
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


_plain: dict[int, dict[str, Any]] = {}


def _plain_names(names: dict[str, Any]) -> dict[str, Any]:
    """The names of a module, with plain functions in place of its kernels."""
    known = _plain.get(id(names))
    if known is None:
        known = _plain[id(names)] = dict(names)
        for name, thing in names.items():
            if isinstance(thing, Kernel):
                known[name] = thing.plain
    return known


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a function at its first call, let other threads run meanwhile, and keep the code for the next process.

    numba discards kept code when the file of the function changes, but not when the file of a function that it calls
    does. After an update, a search would go on with half of the old code. Here the code is kept only as long as nothing
    in the whole package has changed.
    """
    return Kernel(function, _compiled)


def raw_kernel(function: Callable[..., Any]) -> Any:
    """A `kernel` that makes no arrays and returns none. It need not count references: its caller holds the arrays."""
    return Kernel(function, functools.partial(_compiled, _nrt=False))


def inlined(function: Callable[..., Any]) -> Any:
    """A piece of a raw kernel. numba puts its code where it is called, so it should be called in few places."""
    return Kernel(function, _inlined)


def _inlined(function: Callable[..., Any], **options: Any) -> Any:
    from numba import njit

    options |= {"inline": "always", "_nrt": False}
    return njit(**options)(function)


def _for_all_numbers(compiled: Any) -> Any:
    """Have numba compile the function once for all numbers that are written in a call, and not once for each of them.

    LLVM knows the number all the same where it puts the code of the function into that of its caller.
    """
    from numba.core import types as numba_types

    find = compiled.get_call_template
    unliteral: Any = numba_types.unliteral
    compiled.get_call_template = lambda arguments, named: find(
        tuple(map(unliteral, arguments)), {name: unliteral(type_) for name, type_ in named.items()}
    )
    return compiled


def _compiled(function: Callable[..., Any], **options: Any) -> Any:
    # Nothing calls a kernel from C.
    compiled = compiled_and_kept(function, nogil=True, no_cfunc_wrapper=True, **options)
    if hasattr(compiled._cache, "_cache_file"):
        compiled._cache._cache_file._source_stamp = _stamp()
    return compiled


@kernel
def copy(source, target):  # type: ignore[no-untyped-def]
    """target[:] = source, for two rows of equal length.

    numba's own assignment also compiles the texts of the errors that it could raise: seconds for each kernel.
    """
    for i in range(len(source)):
        target[i] = source[i]
