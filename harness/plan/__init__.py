"""A run as data: a YAML file in, a validated and fully drawn `Plan` out."""
