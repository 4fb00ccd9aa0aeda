"""From a recorded run to its verdict: the checks, their result, and the signature of a failure."""
