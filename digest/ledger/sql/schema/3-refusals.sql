ALTER TABLE batch_rows ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;  -- 1: by a content filter
