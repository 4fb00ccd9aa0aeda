"""What a verdict is supported by, so that nobody has to trust an engine.

`witness` replays the order of a valid history. `counterexample` finds the operations that make a history invalid;
`explanation` puts them into words. `stuck` gives the verdict on a violation that was found while a test was running.
"""
