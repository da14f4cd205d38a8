import { blob, integer, primaryKey, sqliteTable, text, unique } from "drizzle-orm/sqlite-core";

/** One row: the store's id. */
export const store = sqliteTable("store", {
  only: integer().primaryKey(),
  id: text().notNull(),
});

/** Messages to publish, in the order of their commits. Written with the state that they tell of, or not at all. */
export const outbox = sqliteTable("outbox", {
  seq: integer().primaryKey({ autoIncrement: true }),
  /** Who wrote the row, and publishes it. */
  instanceId: text("instance_id")
    .notNull()
    .references(() => instances.instanceId),
  createdAtMs: integer("created_at_ms").notNull(),
  /** Derived from the fact; the store refuses to tell two facts under one id. */
  messageId: text("message_id").notNull().unique(),
  topic: text().notNull(),
  key: blob({ mode: "buffer" }),
  traceparent: text(),
  /** Null: the headers of every event. Else JSON, see `encodeHeaders`: copies of dead letters carry their own. */
  headers: text(),
  value: blob({ mode: "buffer" }),
});

/** The processes that write this store, and how far each got its outbox rows out. */
export const instances = sqliteTable("instances", {
  instanceId: text("instance_id").primaryKey(),
  /** 1 from start to clean stop: found at a start, the last exit was unclean. */
  running: integer().notNull(),
  seenAtMs: integer("seen_at_ms").notNull(),
  /** All its rows up to here were reported as delivered. */
  publishedSeq: integer("published_seq").notNull(),
  /** All its rows up to here were read by every group that reads them. */
  readSeq: integer("read_seq").notNull(),
});

/** Rounds of the relay that were delivered and not yet read by all. */
export const relayRounds = sqliteTable(
  "relay_rounds",
  {
    instanceId: text("instance_id")
      .notNull()
      .references(() => instances.instanceId),
    lastSeq: integer("last_seq").notNull(),
    /** JSON: topic to partition to the offset after the round's last record there. */
    ends: text({ mode: "json" }).$type<RoundEnds>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.lastSeq] })],
);

export type RoundEnds = Readonly<Record<string, Readonly<Record<string, number>>>>;

/** Where each group goes on: the truth, of which the broker's committed offsets are a copy. */
export const offsets = sqliteTable(
  "offsets",
  {
    groupId: text("group_id").notNull(),
    topic: text().notNull(),
    partition: integer().notNull(),
    /** Which life of the topic the offset counts in. */
    incarnation: text().notNull(),
    next: integer().notNull(),
    /** Of the record at `next - 1`, as far as it had one. */
    lastRecordId: text("last_record_id"),
    updatedAtMs: integer("updated_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.groupId, table.topic, table.partition] })],
);

/** Records that no handler could take, with their original bytes. */
export const deadLetters = sqliteTable(
  "dead_letters",
  {
    id: integer().primaryKey({ autoIncrement: true }),
    groupId: text("group_id").notNull(),
    topic: text().notNull(),
    partition: integer().notNull(),
    offset: integer().notNull(),
    incarnation: text().notNull(),
    key: blob({ mode: "buffer" }),
    value: blob({ mode: "buffer" }),
    /** JSON, see `encodeHeaders`. */
    headers: text().notNull(),
    timestampMs: integer("timestamp_ms").notNull(),
    reason: text().notNull(),
    error: text().notNull(),
    attempts: integer().notNull(),
    firstSeenAtMs: integer("first_seen_at_ms").notNull(),
    state: text({ enum: ["dead", "healed", "replayed", "discarded"] })
      .notNull()
      .default("dead"),
    /** When it was set aside; null, as the next two, in rows from before these columns. */
    deadAtMs: integer("dead_at_ms"),
    /** Which program could not take it. */
    programVersion: text("program_version"),
    traceparent: text(),
    /** When it was healed, replayed or discarded; null while it is dead. */
    closedAtMs: integer("closed_at_ms"),
  },
  (table) => [unique().on(table.groupId, table.topic, table.partition, table.offset, table.incarnation)],
);

/** The crash marker: records that are tried alone, written before the try and taken away with its effects. */
export const suspects = sqliteTable(
  "suspects",
  {
    groupId: text("group_id").notNull(),
    topic: text().notNull(),
    partition: integer().notNull(),
    offset: integer().notNull(),
    incarnation: text().notNull(),
    tries: integer().notNull(),
    firstSeenAtMs: integer("first_seen_at_ms").notNull(),
  },
  (table) => [primaryKey({ columns: [table.groupId, table.topic, table.partition, table.offset, table.incarnation] })],
);

/** What operators did, who, when and why. Rows are never changed. */
export const trail = sqliteTable("trail", {
  id: integer().primaryKey({ autoIncrement: true }),
  atMs: integer("at_ms").notNull(),
  operator: text().notNull(),
  why: text().notNull(),
  action: text().notNull(),
  subject: text().notNull(),
  effect: text().notNull(),
});

/** One row, once orders were purged: up to this id, ended ones may be gone. */
export const purged = sqliteTable("purged", {
  only: integer().primaryKey(),
  lastOrderId: text("last_order_id").notNull(),
});

/** One row, once outbox rows were let go of, or lost: from this moment on none is missing. */
export const outboxHorizon = sqliteTable("outbox_horizon", {
  only: integer().primaryKey(),
  completeSinceMs: integer("complete_since_ms").notNull(),
});
