"""The contract of a model: the object that the clients believed they talked to, one operation at a time.

A model is written in plain Python, and every engine can run it. Engines number the states and remember the transitions,
so they call `step` only once for each pair of state and operation (like Knossos' `memo`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence, Set
from typing import Any, ClassVar, NamedTuple

from clew.histories.text import value_text

OK, MISMATCH, INFO = "ok", "mismatch", "info"

READ, WRITE, SWAP, DIFFER, APPEND, ENSURE = "read", "write", "swap", "differ", "append", "ensure"
PUT, TAKE, TAKE_ANY, EMPTY = "put", "take", "take any", "empty"
ADD, REMOVE, CONTAINS = "add", "remove", "contains"
Access = tuple[str, Any, Any]
"""What an operation does to a simpler object: a name, and what it applies to. For a register: READ v saw v, WRITE v set
it, SWAP old new saw old and set new, DIFFER v saw something other than v. The third part is None for all but SWAP.
The methods `content_access`, `record_access`, `container_access`, `set_access` and `tally_access` list the others."""


class ModelOperation(NamedTuple):
    """One operation as a model sees it: what was asked for, and how it ended."""

    f: str
    argument: Any
    result: Any
    """What was returned; None unless the outcome is "ok"."""
    outcome: str
    """How it ended.

    - "ok": it took effect and returned `result`.
    - "info": unknown. `step` must say what it does *if* it takes effect.
    - "mismatch": a compare-and-set that failed because the state differed from what it expected: an observation.

    An operation that failed otherwise never reaches `step`."""
    process: int | None = None
    """The process that invoked it; None unless the model is `by_process`."""


class Need(NamedTuple):
    """What an operation needs: in every state in which it is possible, `what` holds.

    From a state in which it does not hold, no sequence of operations leads to one in which the operation is possible,
    unless `times` or more of them give one of the things in `by`; see `Model.gives`."""

    what: Hashable
    by: tuple[Hashable, ...]
    times: int = 1


class Model(ABC):
    """A sequential object. Subclass it, set `name` and `initial`, write `step`.

        class Counter(Model):
            name = "counter"
            initial = 0

            def step(self, state, op):
                if op.f == "add":
                    return state + op.argument
                return state if op.outcome == "info" or op.result == state else None

    States must be hashable, and None is no state. `step` must depend on its arguments only.

    Everything but `step` is optional. What a model says about its operations makes searches faster, and saying nothing
    is always right.
    """

    name: ClassVar[str] = ""
    """How a history or a command line names the model."""
    initial: ClassVar[Hashable] = ()
    """The state before the first operation."""
    functions: ClassVar[Sequence[str]] = ()
    """The functions (`f`) that the model knows; empty for any."""
    by_process: ClassVar[bool] = False
    """Whether it matters who does an operation, as for a mutex. Engines then treat operations of different processes as
    different, which makes searches slower."""

    @abstractmethod
    def step(self, state: Any, op: ModelOperation) -> Any:
        """The state after `op` took effect in `state`; None if it cannot have taken effect there with that result."""

    def objection(self, op: ModelOperation) -> str | None:
        """What is wrong with an operation that this model does not know, in words that say what it expects; or None.

        The words begin with the field that is wrong: `value: expected add to have a whole number, found "one"`.
        Operations that failed are asked about too, with the outcome "info".
        """
        if self.functions and op.f not in self.functions:
            return f"f: the model {self.name} knows {', '.join(self.functions)}; found {value_text(op.f)}"
        if op.outcome == MISMATCH and op.f != "cas":
            return f"error: only a cas can fail with a mismatch, found {value_text(op.f)}"
        wrong = self.misfit(op)
        return None if wrong is None else f"value: {wrong}"

    def misfit(self, op: ModelOperation) -> str | None:
        """What is wrong with the values of an operation whose function is known; or None."""
        return None

    def observes(self, op: ModelOperation) -> bool:
        """True for an operation, such as a read, that never changes *any* state, whatever it returns.

        Engines let such an operation take effect as soon as it is possible, and drop it if its outcome is unknown.
        False is always sound.
        """
        return False

    def merge(self, classes: Sequence[ModelOperation]) -> Callable[[Any], Any] | None:
        """A function that maps all states which operations of these classes can never tell apart to one of them.

        It must commute with `step`: a step from a merged state, merged, is the step from the state itself, merged. The
        fewer states, the less there is to search. None leaves every state as it is, which is always sound.
        """
        return None

    def needs(self, classes: Sequence[ModelOperation]) -> Sequence[Sequence[Need]]:
        """For each class, what an operation of it needs to take effect. Saying nothing is always sound."""
        return [() for _ in classes]

    def holds(self, state: Any, what: Any) -> bool:
        """Whether what a `Need` names holds in a state. True is always sound."""
        return True

    def gives(self, op: ModelOperation) -> Sequence[Hashable]:
        """What `op` gives, whatever the state: names of things that stand in `Need.by`."""
        return ()

    def things(self, op: ModelOperation) -> Collection[Hashable]:
        """The things that `op` names, of those that the object is made of: elements, registers, words. See `part`.

        No set: which parts are looked at first must be the same in every process.
        """
        return ()

    def part(self, op: ModelOperation, things: Set[Hashable]) -> ModelOperation | None:
        """What `op` is if one looks at some of the `things` only; None if it has nothing to do with these.

        If operations take effect in some order, then these parts of them, without the ones that are None, are possible
        in this order too. An operation of unknown outcome that took effect may do so without its part. So if the parts
        of a history are not linearizable, it is not either. The outcome stays as it is, "info" above all.

        Asked only for `things` that operations name.
        """
        return None

    register_initial: ClassVar[Any] = None
    """The value that a register holds at first; see `register_access`."""

    def register_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object is one register that holds `register_initial` at first; None if it is none.

        If all operations of a history have an answer here, the history can be decided by algorithms for registers.
        Values are compared as JSON values.
        """
        return None

    def cell_accesses(self, op: ModelOperation) -> Mapping[Any, Access] | None:
        """What `op` does to each of the registers that the object is made of, by name; None if it does something else.

        The names are None for a single register. Each holds `register_initial` at first. An operation may change
        something else too, such as a version, but it must tell of every register with a name that it sets: whoever read
        a value that is set once is taken to have read it from there, and "invalid" may depend on this.
        """
        access = self.register_access(op)
        return None if access is None else {None: access}

    def version(self, op: ModelOperation) -> tuple[int, Any] | None:
        """The version that `op` returned, and the value with it; None if it returned none.

        In every order versions never fall, and an operation that returned a version and has a `cell_accesses` other
        than READ made the version grow to that. Only completed operations count, whatever is said of the others.
        """
        return None

    def content_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object is a sequence, a string or a tuple, that grows at its end and is empty at first.

        (READ, content, None), (WRITE, content, None) or (APPEND, piece, None); None if it does something else.
        """
        return None

    record_initial: ClassVar[tuple[Any, ...]] = ()
    """The record that the object is at first; see `record_access`."""

    def record_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object is a record, a tuple of one field or more, that is only set as a whole.

        A key is a tuple: the first fields of a record, or all of them.

        - (READ, key, None): it found a record that begins with the key.
        - (DIFFER, key, None): it found one that does not.
        - (WRITE, record, None): it set the record.
        - (SWAP, key, record): it found a record that begins with the key, and set this one.
        - (ENSURE, key, record): the same, or it found this record and changed nothing.

        None if it does something else. An operation of unknown outcome may also have changed nothing.
        """
        return None

    def addition(self, op: ModelOperation) -> tuple[int, int | None] | None:
        """What `op` adds, if the object is a whole number that is 0 at first, and the sum afterwards.

        The sum is None if `op` does not tell it. None instead of both if `op` does something else.
        """
        return None

    discipline: ClassVar[str | None] = None
    """Which element a container gives: "oldest", "newest", "least", or "any"; None if the object is no container."""

    def container_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object is a container with a `discipline` and is empty at first.

        - (PUT, element, None)
        - (TAKE, element, None): it found the element and took it.
        - (TAKE_ANY, None, None): if it took effect, it took whatever came next.
        - (EMPTY, None, None): it found nothing.

        None if it does something else. Elements are hashable, and comparable if the discipline is "least".
        """
        return None

    def set_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object is a set that is empty at first.

        - (ADD, element, changed), (REMOVE, element, changed): whether it changed the set; None if that is unknown.
        - (CONTAINS, element, answer)
        - (READ, elements, None): a frozenset; None if no set can be read like that.

        None if it does something else. Elements are hashable.
        """
        return None

    def tally_access(self, op: ModelOperation) -> Access | None:
        """What `op` does if the object counts how often each thing was added, and is empty at first.

        - (ADD, thing, None): it is one more of this thing.
        - (READ, {thing: how often, ...}, None): all that are there, and how often each is.

        None if it does something else. Things are hashable.
        """
        return None
