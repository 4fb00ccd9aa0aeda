"""What a test asks of a history to find out whether a sentence about it is true."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product

from clew.checkers.evidence.sentences.past import Past, Said
from clew.checkers.models import ModelOperation


class Facts:
    """What a test asks of a history: the operations, and who came before whom. It shares no code with the rules."""

    def __init__(self, past: Past, said: Said) -> None:
        self.past, self.ops = past, [past.operation(op) for op in range(len(past.call))]
        self.call, self.ret = past.call.tolist(), past.ret.tolist()
        self.named = [(op, self.ops[op]) for op in said.operations]

    def any(self, *tests: Callable[[ModelOperation], bool], last: bool = True) -> bool:
        """Whether named operations pass the tests, one each, and each returned before the next was called."""
        return any(
            all(test(self.ops[op]) for test, op in zip(tests, chosen, strict=True))
            and all(self.ret[one] < self.call[two] for one, two in pairwise(chosen))
            for chosen in product([op for op, _ in self.named], repeat=len(tests))
            if len(set(chosen)) == len(chosen)
        )

    def never_between(self, test: Callable[[ModelOperation], bool]) -> bool:
        """Whether no other operation that passes the test overlaps the time from the first named one to the last."""
        begin, end = min(self.call[op] for op, _ in self.named), max(self.ret[op] for op, _ in self.named)
        named = {op for op, _ in self.named}
        return not any(
            test(did) and self.call[op] < end and self.ret[op] > begin
            for op, did in enumerate(self.ops)
            if op not in named
        )

    def later(self, test: Callable[[ModelOperation], bool]) -> bool:
        """Whether an operation passes the test that had not returned when the last of the named ones was called."""
        begin = max(self.call[op] for op, _ in self.named)
        return any(test(did) and self.ret[op] > begin for op, did in enumerate(self.ops))

    def since_the_first(self) -> list[ModelOperation]:
        """All operations that overlap the time from the call of the first named one to the return of the last."""
        begin, end = min(self.call[op] for op, _ in self.named), max(self.ret[op] for op, _ in self.named)
        return [did for op, did in enumerate(self.ops) if self.ret[op] > begin and self.call[op] < end]

    def all_begun(self) -> list[ModelOperation]:
        """All operations that had been called when the last of the named ones returned."""
        until = max(self.ret[op] for op, _ in self.named)
        return [op for op, call in zip(self.ops, self.call, strict=True) if call < until]
