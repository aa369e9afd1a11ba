-- Version 3: what a metric measures is told by columns, not by its name; scores during training are metrics too.

ALTER TABLE widening RENAME TO joining;

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
