"""The lab's engine: it runs a migrations tree on real databases. It knows nothing of the app under test."""

__version__ = "0.1.0"
