-- The store of one sweep, version 1. docs/results_schema.md describes the newest version.
-- Every later version is a script of its own, listed in results/store/schema.h. The statements of a script must not change:
-- there are stores that were made by them. Times are milliseconds since 1970-01-01 UTC.

PRAGMA application_id = 1396918094;  -- "SCGN": marks the file as a store

-- The sweep as it was last started: one row.
CREATE TABLE sweep (
  id INTEGER PRIMARY KEY CHECK (id = 1),  -- always 1
  name TEXT NOT NULL,                     -- name of the sweep
  text TEXT NOT NULL,                     -- the sweep file as given
  sets TEXT NOT NULL,                     -- --set flags, JSON list
  version TEXT NOT NULL                   -- of scgan_sweep
) STRICT;

-- Every run that was ever planned. Written before the first run starts, so that completeness can be proved.
CREATE TABLE run (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) > 0),  -- hash of everything that decides the run's numbers
  position INTEGER UNIQUE CHECK (position >= 0),        -- index in the current plan; NULL: no longer planned
  variant TEXT NOT NULL,                                -- label of the variant in tables
  percentage REAL NOT NULL CHECK (percentage > 0 AND percentage <= 100),  -- of the training images, percent
  seed INTEGER NOT NULL CHECK (seed >= 0),              -- of the run
  axes TEXT NOT NULL CHECK (json_valid(axes)),          -- the run's values of sweep.axes, JSON object
  dataset TEXT NOT NULL,                                -- label of the data set in tables
  data_digest TEXT NOT NULL,                            -- SHA-256 of the data set
  spec TEXT NOT NULL,                                   -- full resolved spec, JSON object: key path to value
  images_a INTEGER NOT NULL CHECK (images_a >= 0),      -- training images of domain A at the percentage
  images_b INTEGER NOT NULL CHECK (images_b >= 0),      -- training images of domain B at the percentage
  total_steps INTEGER NOT NULL CHECK (total_steps >= 0),  -- optimizer steps of the whole run
  state TEXT NOT NULL DEFAULT 'planned'
    CHECK (state IN ('planned', 'running', 'done', 'failed'))
) STRICT;

-- One attempt at a run by a group of ranks.
CREATE TABLE attempt (
  id INTEGER PRIMARY KEY,                             -- number of the attempt in this store
  run_id TEXT NOT NULL REFERENCES run (id),           -- the run
  host TEXT NOT NULL,                                 -- host of the group's first rank
  device TEXT NOT NULL,                               -- "cpu: <model name>" or "cuda: <name>"
  ranks INTEGER NOT NULL CHECK (ranks > 0),           -- of the group
  first_step INTEGER NOT NULL CHECK (first_step >= 0),  -- 0, or the step of the checkpoint from which it resumed
  last_step INTEGER NOT NULL CHECK (last_step >= first_step),  -- last step reported
  versions TEXT NOT NULL,                             -- programs and libraries, JSON object
  reduction TEXT NOT NULL,                            -- "canonical" or "allreduce"
  started_ms INTEGER NOT NULL,                        -- time of the start
  progress_ms INTEGER NOT NULL CHECK (progress_ms >= started_ms),  -- time of the last report
  ended_ms INTEGER CHECK (ended_ms >= started_ms),    -- time of the end; of a lost attempt, of the last report; NULL: open
  exit_class TEXT CHECK (exit_class IN ('done', 'stopped', 'non_finite', 'data', 'out_of_memory', 'storage', 'lost',
                                        'unknown')),  -- how it ended; NULL: open
  reason TEXT NOT NULL DEFAULT '',                    -- why it ended; empty if done
  CHECK ((ended_ms IS NULL) = (exit_class IS NULL))
) STRICT;

CREATE INDEX attempt_of_run ON attempt (run_id);
CREATE UNIQUE INDEX one_open_attempt_per_run ON attempt (run_id) WHERE exit_class IS NULL;

-- What a finished run scored. Written in one transaction with the run's state `done`.
CREATE TABLE metric (
  id INTEGER PRIMARY KEY,                           -- order of writing
  run_id TEXT NOT NULL REFERENCES run (id),         -- the run scored
  name TEXT NOT NULL,                               -- "fid", "kid", "kid_subset_mean", ...
  direction TEXT NOT NULL CHECK (direction IN ('AtoB', 'BtoA')),  -- of the translation
  step INTEGER NOT NULL CHECK (step >= 0),          -- of the weights scored
  value REAL NOT NULL CHECK (abs(value) < 9e999),   -- as computed, finite; KID is not multiplied by 100
  n_real INTEGER NOT NULL CHECK (n_real >= 0),      -- real images
  n_fake INTEGER NOT NULL CHECK (n_fake >= 0),      -- generated images
  extractor TEXT NOT NULL,                          -- label: "random_conv", or the file's name
  extractor_digest TEXT NOT NULL,                   -- SHA-256 of the extractor
  preprocessing TEXT NOT NULL,                      -- what the extractor was shown: "uint8 RGB, 64 px"
  UNIQUE (run_id, name, direction, step, extractor_digest, preprocessing)
) STRICT;

-- The thinned loss curves of a run.
CREATE TABLE loss (
  run_id TEXT NOT NULL REFERENCES run (id),   -- the run trained
  step INTEGER NOT NULL CHECK (step >= 0),    -- optimizer step
  name TEXT NOT NULL,                         -- "g_adv_a", "cycle_a", "d_a", ...
  value REAL,                                 -- weighted, as summed; NULL: not a number
  PRIMARY KEY (run_id, step, name)
) STRICT, WITHOUT ROWID;

-- Files that a finished run left behind.
CREATE TABLE artifact (
  run_id TEXT NOT NULL REFERENCES run (id),               -- the run that wrote it
  path TEXT NOT NULL CHECK (length(path) > 0),            -- relative to the sweep's folder
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),       -- of the content, lower-case hex
  PRIMARY KEY (run_id, path)
) STRICT, WITHOUT ROWID;
