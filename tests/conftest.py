"""What every test may lean on: backends, databases and the table of results come from tests/harness."""

pytest_plugins = ["tests.harness.plugin", "tests.harness.schedule", "tests.harness.table"]
