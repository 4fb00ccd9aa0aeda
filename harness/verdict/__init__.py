"""From a recorded run to its verdict: the checks, the result, and what makes two failures the same one."""
