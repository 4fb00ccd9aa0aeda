"""When numba is imported: only for a kernel that is called, and by one thread at a time.

Threads that import it at the same time deadlock, or see half of it.

Python makes a thread wait for a module that another one imports, but not for the package that it is in. So each thread
begins a little later than the one before.
"""

from __future__ import annotations

import random
import subprocess
import sys

import numpy as np

from clew.checkers.encoding import encode
from clew.checkers.forms import DIFFERS, RegisterForm, form_of
from clew.checkers.kernel import Kernel
from clew.checkers.models import find_model
from clew.checkers.monitors import stale_read
from tests.checkers.generators import Mix, register_history

STAGGERED = """
import threading
import time
import numpy as np
from clew.checkers.deadline import Deadline
from clew.checkers.kernel import copy

ended = []

def check():
    target = np.zeros(1)
    with Deadline(60).not_counting_compilation():
        copy(np.ones(1), target)
        ended.append(target[0] == 1)

threads = [threading.Thread(target=check) for _ in range(12)]
for thread in threads:
    thread.start()
    time.sleep(0.004)
for thread in threads:
    thread.join()
assert ended == [True] * 12
"""


def test_threads_that_check_at_the_same_time_can_all_import_numba() -> None:
    subprocess.run([sys.executable, "-c", STAGGERED], check=True, timeout=60)


SMALL = """
import sys
from clew.checkers import check
from clew.histories import Event, History
from tests.benchmarks.grid import Cell, history

def checked(found):
    calls = [(0, "write", 1, 1), (1, "write", 2, 2), (2, "read", None, found)]
    events = []
    for process, f, argument, result in calls:
        for type, value in (("invoke", argument), ("ok", result)):
            events.append(Event(len(events), len(events), process, type, f, None, value))
    return check(History.of(events), "cas-register").verdict

assert checked(2) == "valid"
assert checked(1) == "invalid"
for legal in (True, False):
    past = history(Cell(100, 5, 0.0, False, legal), 1)
    assert check(past, "cas-register").verdict == ("valid" if legal else "invalid")
assert "numba" not in sys.modules
"""


def test_small_histories_need_no_numba() -> None:
    subprocess.run([sys.executable, "-c", SMALL], check=True, timeout=60)


def test_the_plain_function_for_a_few_operations_says_what_the_compiled_one_says() -> None:
    rng, model, found = np.random.default_rng(5), find_model("cas-register"), set()
    for seed in range(150):
        past = register_history(Mix(60, 5, (3, 1, 1), 3, 0.05), random.Random(seed))
        (problem,) = encode(past, model)
        form = form_of(problem, model)
        assert isinstance(form, RegisterForm)
        needs = form.needs if seed % 2 else rng.permutation(form.needs)
        arguments = (
            problem.event_op, problem.event_return, problem.call, problem.ret, form.kind != DIFFERS, needs, form.sets,
            form.initial, form.values,
        )  # fmt: skip
        plain = stale_read._find.plain(*arguments)
        assert tuple(map(int, plain)) == stale_read._find(*arguments)
        found.add(plain[0] >= 0)
    assert found == {True, False}


def test_plain_functions_do_little_in_one_process() -> None:
    kernel = Kernel(len, lambda function: function)
    assert kernel.for_few(Kernel._enough + 1) is kernel
