-- One file holds many runs. Times are RFC 3339 text in UTC; owner, command and data are JSON.

CREATE TABLE run (
    number     INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    name       TEXT    NOT NULL,
    source     TEXT    NOT NULL,
    status     TEXT    NOT NULL DEFAULT 'queued',
    created_at TEXT    NOT NULL,
    ended_at   TEXT,
    fence      INTEGER NOT NULL DEFAULT 0,
    owner      TEXT,
    heartbeat  TEXT
) STRICT;

-- Apart from `run`, whose row is rewritten by every heartbeat: a document may be a megabyte.
CREATE TABLE record (
    run  INTEGER PRIMARY KEY REFERENCES run (number),
    data BLOB    NOT NULL
) STRICT;

-- One row per append. The key is run and first seq in one integer, so an append touches the last page of one
-- tree: two thirds of the time that a key of two columns takes.
CREATE TABLE batch (
    key   INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    data  BLOB    NOT NULL,
    run   INTEGER AS (key >> 32) VIRTUAL,
    seq   INTEGER AS (key & 0xffffffff) VIRTUAL
) STRICT;

CREATE TABLE note (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run    INTEGER NOT NULL REFERENCES run (number),
    task   TEXT    NOT NULL,
    data   BLOB    NOT NULL
) STRICT;

CREATE INDEX note_of_run ON note (run);

CREATE TABLE inbox (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    run     INTEGER NOT NULL REFERENCES run (number),
    command BLOB    NOT NULL,
    gate    TEXT,
    by      TEXT    NOT NULL,
    at      TEXT    NOT NULL,
    state   TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'accepted', 'refused')),
    why     TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX inbox_pending ON inbox (run) WHERE state = 'pending';

-- The first answer to a gate wins, whoever writes.
CREATE UNIQUE INDEX inbox_answer ON inbox (run, gate) WHERE gate IS NOT NULL AND state <> 'refused';

-- For people: SELECT ts, type, task, data FROM event WHERE run_id = '...' ORDER BY seq;
CREATE VIEW event AS
SELECT
    run.id                    AS run_id,
    fact.value ->> '$.seq'    AS seq,
    fact.value ->> '$.ts'     AS ts,
    fact.value ->> '$.type'   AS type,
    fact.value ->> '$.task'   AS task,
    fact.value                AS data
FROM run
JOIN batch ON batch.key BETWEEN run.number << 32 AND (run.number << 32) + 0xffffffff
JOIN json_each(CAST(batch.data AS TEXT)) AS fact;
