-- Version 5: files that a run did not keep.

ALTER TABLE artifact ADD COLUMN kept INTEGER NOT NULL DEFAULT 1 CHECK (kept IN (0, 1));  -- 0: removed once the run was done
