"""The one migrations tree for every database, and what its revisions lean on."""
