"""Everything that changes rows: each function is one transaction, trail included, or nothing at all."""
