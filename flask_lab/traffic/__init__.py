"""Traffic for a scratch database: rows in its tables, and readers and writers in a process of their own."""
