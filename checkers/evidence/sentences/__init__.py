"""One sentence that says what happened, in the words of the system: "A read returned 1 after 2 was acknowledged".

`sentence.find_sentence` chooses it. Each other file knows one kind of object: `registers`, `sets`, `sequences`,
`containers`, `counters`, `words`, `locks`, `decisions`, `transactions`, `elections`, `versions`. What a register, an
element of a set and a part of a multi-register have in common is in `cells`.

A sentence states facts that anybody can look up in the history, and these facts are impossible together. Every rule has
its argument in its docstring. `tests/checkers/evidence/test_sentences.py` holds both on all small histories.
"""
