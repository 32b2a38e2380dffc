"""A program that opens a server, says so, and holds it until it is killed: the victim of the sweep tests."""

from __future__ import annotations

import json
import signal
import sys
import time

from flask_lab.sources import open_server

with open_server(sys.argv[1]) as server:
    # As the session of tests does: a request to end must reach the context managers.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    facts = {"url": server.url.render_as_string(hide_password=False), "source": server.source}
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
    time.sleep(60)
