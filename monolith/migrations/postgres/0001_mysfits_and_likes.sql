-- Who the mysfits are (copied from the roster at every start) and what visitors did about them.
CREATE TABLE mysfits (
    id          TEXT    NOT NULL PRIMARY KEY,
    position    BIGINT  NOT NULL,
    name        TEXT    NOT NULL,
    species     TEXT    NOT NULL,
    description TEXT    NOT NULL,
    age         BIGINT  NOT NULL CHECK (age >= 0),
    good_evil   TEXT    NOT NULL CHECK (good_evil IN ('Good', 'Neutral', 'Evil')),
    law_chaos   TEXT    NOT NULL CHECK (law_chaos IN ('Lawful', 'Neutral', 'Chaotic')),
    likes       BIGINT  NOT NULL DEFAULT 0 CHECK (likes >= 0),
    adopted     BOOLEAN NOT NULL DEFAULT FALSE
);

-- One row per counted like. The primary key is the promise that a key counts once.
CREATE TABLE likes (
    mysfit_id  TEXT        NOT NULL REFERENCES mysfits (id),
    like_key   TEXT        NOT NULL CHECK (length(like_key) BETWEEN 1 AND 64),
    counted_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (mysfit_id, like_key)
);
