-- Version 2: ranks that joined an attempt under way.

-- Further ranks of an attempt.
CREATE TABLE widening (
  attempt_id INTEGER NOT NULL REFERENCES attempt (id),  -- the attempt they joined
  step INTEGER NOT NULL CHECK (step >= 0),              -- optimizer steps done before
  ranks INTEGER NOT NULL CHECK (ranks > 1),             -- of the group from then on
  PRIMARY KEY (attempt_id, step)
) STRICT, WITHOUT ROWID;
