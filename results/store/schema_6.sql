-- Version 6: the hosts of all ranks of an attempt, not only of its first one.

ALTER TABLE attempt RENAME COLUMN host TO hosts;  -- of the group's ranks when the attempt began: "node1 x2, node2"
UPDATE attempt SET hosts = hosts || ', others not recorded' WHERE ranks > 1;
ALTER TABLE joining ADD COLUMN hosts TEXT NOT NULL DEFAULT 'not recorded';  -- of the group's ranks from then on
