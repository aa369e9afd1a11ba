-- Version 3: columns say what a metric measures, not its name; scores during training are metrics too;
-- `out_of_memory_may_fit` and `killed` are exit classes, not beginnings of a reason.

-- SQLite cannot change a CHECK, so the table is copied, and with it the table that refers to it.
CREATE TABLE attempt_3 (
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
  ended_ms INTEGER CHECK (ended_ms >= started_ms),    -- time of the end; of a killed attempt, of the last report; NULL: open
  exit_class TEXT CHECK (exit_class IN ('done', 'stopped', 'non_finite', 'data', 'out_of_memory',
                                        'out_of_memory_may_fit', 'storage', 'lost', 'killed',
                                        'unknown')),  -- how it ended; NULL: open
  reason TEXT NOT NULL DEFAULT '',                    -- why it ended; empty if done
  CHECK ((ended_ms IS NULL) = (exit_class IS NULL))
) STRICT;

INSERT INTO attempt_3 SELECT * FROM attempt;

-- Ranks that joined an attempt while it ran; older versions called the table widening.
CREATE TABLE joining (
  attempt_id INTEGER NOT NULL REFERENCES attempt_3 (id),  -- the attempt
  step INTEGER NOT NULL CHECK (step >= 0),              -- optimizer steps done before they joined
  ranks INTEGER NOT NULL CHECK (ranks > 1),             -- size of the group from then on
  PRIMARY KEY (attempt_id, step)
) STRICT, WITHOUT ROWID;

INSERT INTO joining SELECT * FROM widening;

DROP TABLE widening;
DROP TABLE attempt;
ALTER TABLE attempt_3 RENAME TO attempt;
CREATE INDEX attempt_of_run ON attempt (run_id);
CREATE UNIQUE INDEX one_open_attempt_per_run ON attempt (run_id) WHERE exit_class IS NULL;

UPDATE attempt SET exit_class = 'killed'
WHERE exit_class = 'lost' AND reason = 'the job ended without a word';
UPDATE attempt SET exit_class = 'out_of_memory_may_fit', reason = substr(reason, length('may fit on fewer ranks: ') + 1)
WHERE exit_class = 'out_of_memory' AND reason LIKE 'may fit on fewer ranks: %';

-- What a run scored. The final metrics are written in one transaction with the run's state `done`.
CREATE TABLE metric_3 (
  id INTEGER PRIMARY KEY,                           -- order of writing
  run_id TEXT NOT NULL REFERENCES run (id),         -- the run scored
  phase TEXT NOT NULL CHECK (phase IN ('training', 'final')),  -- final: of the weights that the run left
  name TEXT NOT NULL,                               -- "fid", "kid", "recovered_change", ...
  subject TEXT NOT NULL CHECK (subject IN ('translated', 'untranslated', 'real_halves')),  -- the images scored
  statistic TEXT NOT NULL CHECK (statistic IN ('full', 'subset_mean', 'subset_std')),  -- full: of all images
  direction TEXT NOT NULL CHECK (direction IN ('AtoB', 'BtoA')),  -- of the translation
  step INTEGER NOT NULL CHECK (step >= 0),          -- of the weights scored
  value REAL NOT NULL CHECK (abs(value) < 9e999),   -- as computed, finite; KID is not multiplied by 100
  n_real INTEGER NOT NULL CHECK (n_real >= 0),      -- real images
  n_fake INTEGER NOT NULL CHECK (n_fake >= 0),      -- images compared with them
  extractor TEXT NOT NULL,                          -- label: "random_conv", or the file's name
  extractor_digest TEXT NOT NULL,                   -- SHA-256 of the extractor
  preprocessing TEXT NOT NULL,                      -- what the extractor was shown: "uint8 RGB, 64 px"
  UNIQUE (run_id, phase, name, subject, statistic, direction, step, extractor_digest, preprocessing)
) STRICT;

-- Older versions named a metric "fid_untranslated", "kid_subset_mean", ...
INSERT INTO metric_3
SELECT id, run_id, 'final',
  replace(replace(replace(replace(name, '_untranslated', ''), '_real_halves', ''), '_subset_mean', ''), '_subset_std', ''),
  CASE WHEN name LIKE '%_untranslated' THEN 'untranslated'
       WHEN name LIKE '%_real_halves' THEN 'real_halves' ELSE 'translated' END,
  CASE WHEN name LIKE '%_subset_mean' THEN 'subset_mean'
       WHEN name LIKE '%_subset_std' THEN 'subset_std' ELSE 'full' END,
  direction, step, value, n_real, n_fake, extractor, extractor_digest, preprocessing
FROM metric ORDER BY id;

DROP TABLE metric;
ALTER TABLE metric_3 RENAME TO metric;

-- Older versions kept scores during training as losses "fid AtoB", ... What else a metric needs is that of the run's
-- final one; the scores of a run that is not done stay losses. Only final metrics depend on the number of scores.
INSERT INTO metric (run_id, phase, name, subject, statistic, direction, step, value, n_real, n_fake, extractor,
                    extractor_digest, preprocessing)
SELECT final.run_id, 'training', final.name, final.subject, final.statistic, final.direction, loss.step, loss.value,
  final.n_real, final.n_fake, final.extractor, final.extractor_digest,
  substr(final.preprocessing, 1, instr(final.preprocessing || ', best of ', ', best of ') - 1)
FROM loss JOIN metric AS final
  ON final.run_id = loss.run_id AND final.name || ' ' || final.direction = loss.name
WHERE final.subject = 'translated' AND final.statistic = 'full' AND abs(loss.value) < 9e999
ORDER BY loss.run_id, loss.step, loss.name;

DELETE FROM loss WHERE (run_id, step, name) IN
  (SELECT run_id, step, name || ' ' || direction FROM metric WHERE phase = 'training');
