import type { RoundEnds } from "#db/shared/schema.ts";

/** Rows that the broker has: all of the instance's rows up to `lastSeq`, up to these offsets. */
export interface Delivered {
  readonly lastSeq: number;
  readonly ends: RoundEnds;
}

interface SentRow {
  readonly seq: number;
  readonly createdAtMs: number;
}

/** Rows that went out together. */
export interface SentRound<Row extends SentRow> {
  readonly rows: readonly Row[];
}

/** Rounds on their way, oldest first: how far they are delivered without a gap, whatever order their reports come in. */
export interface Watermark<Row extends SentRow> {
  open(rows: readonly Row[]): SentRound<Row>;
  close(round: SentRound<Row>, ends: RoundEnds): void;
  delivered(): Delivered | undefined;
  recorded(round: Delivered): void;
  reset(): void;
  sentRows(): number;
  oldestAtMs(): number | undefined;
}

export function createWatermark<Row extends SentRow>(): Watermark<Row> {
  let sent: { readonly rows: readonly Row[]; ends: RoundEnds | undefined }[] = [];
  let delivered: Delivered | undefined;
  return {
    open(rows) {
      const round = { rows, ends: undefined };
      sent.push(round);
      return round;
    },
    close(round, ends) {
      const found = sent.find((each) => each === round);
      if (!found) return;
      found.ends = ends;
      for (let first = sent[0]; first?.ends; first = sent[0]) {
        sent.shift();
        delivered = { lastSeq: first.rows.at(-1)?.seq ?? 0, ends: mergeEnds(delivered?.ends, first.ends) };
      }
    },
    delivered: () => delivered,
    recorded(round) {
      if (delivered === round) delivered = undefined;
    },
    reset() {
      sent = [];
      delivered = undefined;
    },
    sentRows: () => sent.reduce((sum, { rows }) => sum + rows.length, 0),
    oldestAtMs: () => sent[0]?.rows[0]?.createdAtMs,
  };
}

/** The later end of each partition. */
export function mergeEnds(first: RoundEnds | undefined, second: RoundEnds): RoundEnds {
  if (first === undefined) return second;
  const merged: Record<string, Record<string, number>> = {};
  for (const ends of [first, second]) {
    for (const [topic, partitions] of Object.entries(ends)) {
      const reached = (merged[topic] ??= {});
      for (const [partition, end] of Object.entries(partitions)) {
        reached[partition] = Math.max(reached[partition] ?? 0, end);
      }
    }
  }
  return merged;
}
