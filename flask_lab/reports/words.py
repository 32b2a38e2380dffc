"""The words of the reports, for those who meet them for the first time."""

from __future__ import annotations

WORDS = {
    "error, warning, note": "it breaks or loses data on any populated database; it depends on data, size or on how you "
    "deploy; good to know",
    "passed, failed, errored, skipped, known": "nothing was found; something was; the question broke off, and nobody "
    "knows; it was not asked, for the reason given; all that was found has been accepted",
    "ordinary rows, hostile rows": "what a well-behaved app stores; what the schema lets in beside that: NULLs, "
    "duplicates, the longest texts, extreme numbers and times",
    "stuck": "after a crash the upgrade cannot be run again until someone has mended the database by hand",
    "budget": "how many milliseconds reads and writes may wait while a revision is applied: 1,000, unless the project "
    "says otherwise",
    "COPY, INPLACE, INSTANT; NONE, SHARED, EXCLUSIVE": "how MySQL and MariaDB do an ALTER, by copying the table or "
    "not, and what others may do meanwhile: read and write, read, nothing",
    "from embedded, url, docker, local": "where the server came from: Python itself, one that was given, a container, "
    "programs on the machine",
    "written anew": "the server copied the whole table, which takes longer the more rows there are",
    "rows^0.9": "ten times the rows take about eight times as long; 1 is ten times, 0 is no longer at all",
    "accepted": "somebody gave a reason for leaving it, in the revision or in a baseline",
    "not compared": "what the lab could not look at; of that it says neither good nor bad",
}
