#!/bin/sh
# Makes the passwords that are not there yet; never replaces one, because a database that exists was made with it.
set -eu
mkdir -p .secrets
# The directory keeps other users of this machine out. The files are readable because Compose mounts them one by one as
# they are, for the app's user and for whichever user each database's image runs as.
chmod 700 .secrets
for name in db_password root_password secret_key; do
    [ -s ".secrets/$name" ] && continue
    new=$(mktemp .secrets/new.XXXXXX)
    od -An -vtx1 -N24 /dev/urandom | tr -d ' \n' > "$new"
    chmod 444 "$new"
    # A link, unlike a move, does not replace what another make has put there meanwhile.
    ln "$new" ".secrets/$name" 2>/dev/null || true
    rm -f "$new"
done
