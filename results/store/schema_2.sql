-- Version 2: ranks that joined an attempt while it ran.

CREATE TABLE widening (
  attempt_id INTEGER NOT NULL REFERENCES attempt (id),  -- the attempt
  step INTEGER NOT NULL CHECK (step >= 0),              -- optimizer steps done before they joined
  ranks INTEGER NOT NULL CHECK (ranks > 1),             -- size of the group from then on
  PRIMARY KEY (attempt_id, step)
) STRICT, WITHOUT ROWID;
