-- Version 7: ranks also leave an attempt while it runs, so that one may be left.

-- SQLite cannot change a CHECK, so the table is copied.
CREATE TABLE regrouping (
  attempt_id INTEGER NOT NULL REFERENCES attempt (id),  -- the attempt
  step INTEGER NOT NULL CHECK (step >= 0),            -- optimizer steps done before
  ranks INTEGER NOT NULL CHECK (ranks > 0),           -- of the group from then on
  hosts TEXT NOT NULL,                                -- of the group's ranks from then on: "node1 x2, node2"
  PRIMARY KEY (attempt_id, step)
) STRICT, WITHOUT ROWID;

INSERT INTO regrouping SELECT * FROM joining;

DROP TABLE joining;
