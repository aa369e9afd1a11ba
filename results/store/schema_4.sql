-- Version 4: what a run's generators were trained on, and what was noticed in its data.

ALTER TABLE run ADD COLUMN input TEXT CHECK (input IS NULL OR json_valid(input));  -- how files became input of its generators; NULL: not done

-- What was noticed in a data set, where it bears on the meaning of scores.
CREATE TABLE data_note (
  data_digest TEXT NOT NULL,              -- the data set
  position INTEGER NOT NULL CHECK (position >= 0),  -- order of the notes
  text TEXT NOT NULL,                     -- one sentence
  PRIMARY KEY (data_digest, position)
) STRICT, WITHOUT ROWID;
