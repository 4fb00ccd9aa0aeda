"""The checker that runs beside a test: `online` takes the events of all keys, `key_watch` looks after one key."""
