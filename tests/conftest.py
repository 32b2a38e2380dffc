"""What every test may lean on: backends, databases, leak detectors and the table of results."""

pytest_plugins = [
    "pytester",
    "flask_lab.pytest_plugin",
    "tests.harness.plugin",
    "tests.harness.leaks",
    "tests.harness.schedule",
    "tests.harness.table",
]
