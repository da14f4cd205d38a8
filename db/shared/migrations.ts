import type { Migration } from "../migrate.ts";

/**
 * The tables that every store has; each service's first migration. Never change it: stores were built from it.
 *
 * Rows that hold a message or an order's lines are in ordinary tables, narrow ones WITHOUT ROWID. Measured with 25 lines an
 * order, WITHOUT ROWID doubles the file and the bytes written; with one line it saves a fifth to a third.
 */
export const sharedTables: Migration = {
  name: "shared tables",
  statements: [
    `CREATE TABLE store (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      id TEXT NOT NULL
    ) STRICT`,
    `INSERT INTO store (only, id) VALUES (1, lower(hex(randomblob(16))))`,

    // AUTOINCREMENT: a number is never given twice, even after a purge of all rows; watermarks depend on it.
    `CREATE TABLE outbox (
      seq INTEGER PRIMARY KEY AUTOINCREMENT,
      instance_id TEXT NOT NULL REFERENCES instances,
      created_at_ms INTEGER NOT NULL,
      message_id TEXT NOT NULL UNIQUE,
      topic TEXT NOT NULL,
      key BLOB,
      traceparent TEXT,
      headers TEXT,
      value BLOB
    ) STRICT`,
    // What an instance has yet to publish, when it starts or when another takes over. An index ends in the row's seq.
    `CREATE INDEX outbox_instance ON outbox (instance_id)`,

    `CREATE TABLE instances (
      instance_id TEXT PRIMARY KEY,
      running INTEGER NOT NULL CHECK (running IN (0, 1)),
      seen_at_ms INTEGER NOT NULL,
      published_seq INTEGER NOT NULL CHECK (published_seq >= 0),
      read_seq INTEGER NOT NULL CHECK (read_seq BETWEEN 0 AND published_seq)
    ) STRICT, WITHOUT ROWID`,

    `CREATE TABLE relay_rounds (
      instance_id TEXT NOT NULL REFERENCES instances,
      last_seq INTEGER NOT NULL,
      ends TEXT NOT NULL CHECK (json_valid(ends)),
      PRIMARY KEY (instance_id, last_seq)
    ) STRICT, WITHOUT ROWID`,

    `CREATE TABLE offsets (
      group_id TEXT NOT NULL,
      topic TEXT NOT NULL,
      partition INTEGER NOT NULL CHECK (partition >= 0),
      incarnation TEXT NOT NULL,
      next INTEGER NOT NULL CHECK (next >= 0),
      last_record_id TEXT,
      updated_at_ms INTEGER NOT NULL,
      PRIMARY KEY (group_id, topic, partition)
    ) STRICT, WITHOUT ROWID`,

    `CREATE TABLE dead_letters (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      group_id TEXT NOT NULL,
      topic TEXT NOT NULL,
      partition INTEGER NOT NULL,
      offset INTEGER NOT NULL,
      incarnation TEXT NOT NULL,
      key BLOB,
      value BLOB,
      headers TEXT NOT NULL CHECK (json_valid(headers)),
      timestamp_ms INTEGER NOT NULL,
      reason TEXT NOT NULL,
      error TEXT NOT NULL,
      attempts INTEGER NOT NULL CHECK (attempts >= 0),
      first_seen_at_ms INTEGER NOT NULL,
      state TEXT NOT NULL DEFAULT 'dead' CHECK (state IN ('dead', 'healed', 'replayed', 'discarded')),
      UNIQUE (group_id, topic, partition, offset, incarnation)
    ) STRICT`,

    `CREATE TABLE suspects (
      group_id TEXT NOT NULL,
      topic TEXT NOT NULL,
      partition INTEGER NOT NULL,
      offset INTEGER NOT NULL,
      incarnation TEXT NOT NULL,
      tries INTEGER NOT NULL CHECK (tries >= 1),
      first_seen_at_ms INTEGER NOT NULL,
      PRIMARY KEY (group_id, topic, partition, offset, incarnation)
    ) STRICT, WITHOUT ROWID`,
  ],
};

/** The operators' trail; each service's next migration after its own tables. Never change it: stores were built from it. */
export const operatorsTrail: Migration = {
  name: "operators' trail",
  statements: [
    `CREATE TABLE trail (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      at_ms INTEGER NOT NULL,
      operator TEXT NOT NULL CHECK (operator <> ''),
      why TEXT NOT NULL CHECK (why <> ''),
      action TEXT NOT NULL,
      subject TEXT NOT NULL,
      effect TEXT NOT NULL
    ) STRICT`,
    `CREATE TRIGGER trail_is_not_changed BEFORE UPDATE ON trail
      BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END`,
    `CREATE TRIGGER trail_is_not_deleted BEFORE DELETE ON trail
      BEGIN SELECT RAISE(ABORT, 'the trail is append-only'); END`,
  ],
};

/** What operators need to know of dead letters; each service's next migration. Never change it: stores were built from it. */
export const deadLettersForOperators: Migration = {
  name: "dead letters for operators",
  statements: [
    // Null in rows from before.
    `ALTER TABLE dead_letters ADD COLUMN dead_at_ms INTEGER`,
    `ALTER TABLE dead_letters ADD COLUMN program_version TEXT`,
    `ALTER TABLE dead_letters ADD COLUMN traceparent TEXT`,
    `ALTER TABLE dead_letters ADD COLUMN closed_at_ms INTEGER`,
    `CREATE INDEX dead_letters_open ON dead_letters (id) WHERE state = 'dead'`,
    `CREATE INDEX trail_subject ON trail (subject)`,
  ],
};

/** What was let go of; each service's next migration. Never change it: stores were built from it. */
export const purgedOrders: Migration = {
  name: "purged orders",
  statements: [
    `CREATE TABLE purged (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      last_order_id TEXT NOT NULL
    ) STRICT`,
    `CREATE INDEX dead_letters_closed ON dead_letters (id) WHERE state <> 'dead'`,
  ],
};

/** From when on the outbox lacks nothing; each service's next migration. Never change it: stores were built from it. */
export const outboxHorizon: Migration = {
  name: "outbox horizon",
  statements: [
    `CREATE TABLE outbox_horizon (
      only INTEGER PRIMARY KEY CHECK (only = 1),
      complete_since_ms INTEGER NOT NULL
    ) STRICT`,
    // Rows are gone that nobody kept the moments of: of what was published before now, nothing is said.
    `INSERT INTO outbox_horizon (only, complete_since_ms)
      SELECT 1, unixepoch() * 1000
      WHERE (SELECT seq FROM sqlite_sequence WHERE name = 'outbox') > (SELECT count(*) FROM outbox)`,
  ],
};
