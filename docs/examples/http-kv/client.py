"""How a client of clew talks to kvd: a blocking method for each function."""

import http.client
import json

from clew.systems import Failed


class Client:
    def __init__(self, node, cluster):
        self.connection = http.client.HTTPConnection(node.host, node.ports["client"], timeout=cluster.timeout)
        self.connection.connect()

    def read(self, key):
        return self.ask("GET", key)

    def write(self, key, value):
        self.ask("PUT", key, {"value": value})

    def cas(self, key, old, new):
        self.ask("POST", key, {"old": old, "new": new})

    def close(self):
        self.connection.close()

    def ask(self, method, key, body=None):
        self.connection.request(method, f"/{key}", None if body is None else json.dumps(body))
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        if response.status == 409:
            raise Failed("mismatch")
        if response.status == 503:
            raise Failed(answer["error"])  # certainly nothing has happened
        if response.status != 200:
            raise OSError(f"{response.status}: {answer['error']}")  # it may have happened
        return answer["value"]
