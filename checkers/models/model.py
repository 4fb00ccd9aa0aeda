"""What a model is: the object that the clients believed they talked to, one operation at a time.

A model is written in plain Python and run by every engine: states are interned and transitions remembered, so that an
engine asks `step` only for a pair of state and operation that it has not met before (Knossos' memo).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from typing import Any, ClassVar, NamedTuple

OK, MISMATCH, INFO = "ok", "mismatch", "info"

READ, WRITE, SWAP, DIFFER, APPEND = "read", "write", "swap", "differ", "append"
PUT, TAKE, TAKE_ANY, EMPTY = "put", "take", "take any", "empty"
ADD, REMOVE, CONTAINS = "add", "remove", "contains"
Access = tuple[str, Any, Any]
"""What an operation does to a register: READ v saw v, WRITE v set it, SWAP old new saw old and set new, DIFFER v saw
something other than v. The third part is None but for SWAP."""


class ModelOperation(NamedTuple):
    """One operation as a model sees it.

    `outcome` is "ok" (it took effect, and `result` is what it returned), "info" (nobody knows, `result` is None: step
    must say what it does *if* it takes effect), or "mismatch" (a compare-and-set that failed because the state differed
    from the expected value: an observation). Operations that plainly failed never reach a model, except
    as "info" to ask whether it knows them. `process` is set only for models with `by_process`.
    """

    f: str
    argument: Any
    result: Any
    outcome: str
    process: int | None = None


class Model(ABC):
    """A sequential object. Subclass it, set `name` and `initial`, write `step`.

        class Counter(Model):
            name = "counter"
            initial = 0

            def step(self, state, op):
                if op.f == "add":
                    return state + op.argument
                return state if op.outcome == "info" or op.result == state else None

    States must be hashable, and None is not a state. A model has no memory of its own: `step` is a function of its
    arguments.
    """

    name: ClassVar[str] = ""
    initial: ClassVar[Hashable] = ()
    functions: ClassVar[Sequence[str]] = ()
    """The `f` that the model knows, for `problem`; empty for any."""
    by_process: ClassVar[bool] = False
    """Whether it matters who does an operation, as for a mutex. It costs the engines interchangeable operations."""

    @abstractmethod
    def step(self, state: Any, op: ModelOperation) -> Any:
        """The state after `op` took effect in `state`; None if it cannot have taken effect there with that result."""

    def problem(self, op: ModelOperation) -> str | None:
        """What is wrong with an operation that this model does not know, in words that say what it expects; or None."""
        if self.functions and op.f not in self.functions:
            return f"the model {self.name} knows {', '.join(self.functions)}; found {op.f!r}"
        if op.outcome == MISMATCH and op.f != "cas":
            return f"only a cas can fail with a mismatch, found {op.f!r}"
        return self.misfit(op)

    def misfit(self, op: ModelOperation) -> str | None:
        """What is wrong with the values of an operation whose function is known; or None."""
        return None

    def observes(self, op: ModelOperation) -> bool:
        """True only for an operation that never changes *any* state, whatever it returns (a read).

        Engines linearize such an operation at the first moment at which it is possible, and drop it if its outcome is
        unknown. Saying False is always sound.
        """
        return False

    def merge(self, classes: Sequence[ModelOperation]) -> Callable[[Any], Any] | None:
        """A function that maps states which no operations of these classes can tell apart, now or ever, to one of them.

        It must commute with `step`: the merged state of a step from a merged state is that of the step from the state
        itself. The fewer states, the less there is to search. None, for leaving every state as it is, is always sound.
        """
        return None

    register_initial: ClassVar[Any] = None

    def register_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object is one register: an `Access`, or None if it cannot be said.

        A model all of whose operations have an answer here, with `register_initial` as the first value, can be decided
        by what is known about registers only. Values are compared as JSON values.
        """
        return None

    def content_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object is one sequence (a string or a tuple) that grows at its end, empty at first.

        (READ, content), (WRITE, content) or (APPEND, piece), the third part None; or None if it does something else.
        """
        return None

    discipline: ClassVar[str | None] = None
    """Which element a container gives: "oldest", "newest", "least", or "any"; None if the object is no container."""

    def container_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object is a container with a `discipline`, empty at first.

        (PUT, element, None), (TAKE, element, None) which found and took it, (TAKE_ANY, None, None) which took what was
        next if it took effect, or (EMPTY, None, None) which found that there is none; or None if it does something
        else. Elements are hashable; those of a discipline of "least" can be compared.
        """
        return None

    def set_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object is a set, empty at first.

        (ADD, element, changed) or (REMOVE, element, changed), where `changed` says whether it changed the set, None if
        nobody knows; (CONTAINS, element, answer); (READ, elements, None), a frozenset, or None if no set can be read
        like that; or None if it does something else. Elements are hashable.
        """
        return None
