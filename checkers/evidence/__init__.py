"""The evidence for a verdict, so that no engine has to be trusted.

`witness` replays the order of a valid history. `counterexample` finds the operations that make a history invalid;
`explanation` puts them into words. `stuck` gives the verdict on a violation that was found while a test was running.
"""
