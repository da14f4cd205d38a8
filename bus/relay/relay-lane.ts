import type { RoundEnds } from "#db/shared/schema.ts";
import type { Store } from "#db/open-store.ts";
import { readOutboxAfter, type OutboxMessage } from "#db/outbox.ts";
import { createWatermark, type Delivered, type SentRound } from "./watermark.ts";

export interface RelayRow extends OutboxMessage {
  readonly seq: number;
  readonly createdAtMs: number;
}

/**
 * The outbox rows of one instance on their way out, and how far they got. Rows come from memory, handed over by the commits,
 * and from the outbox only at the start, after a COMMIT whose answer was lost, and when more wait than memory should hold.
 */
export interface RelayLane {
  /** In the order of the commits. */
  hand(firstSeq: number, messages: readonly OutboxMessage[], createdAtMs: number): void;
  /** There may be rows that nobody was handed. */
  reread(): void;
  /** What is delivered without a gap and not yet recorded. */
  delivered(): Delivered | undefined;
  /** The watermark is durable. */
  recorded(round: Delivered): void;
  /** Forgets all that is in memory, and goes on after this row from the outbox. */
  restart(afterSeq: number, unread: Unread): void;
  isBehind(): boolean;
  /** Reads a page of the outbox. Gives whether there may be more at once. */
  fill(signal: AbortSignal): Promise<boolean>;
  /** Takes the next rows out; undefined when none wait. */
  open(maxRows: number): SentRound<RelayRow> | undefined;
  /** All of them were acknowledged. A round from before a restart changes nothing. */
  close(round: SentRound<RelayRow>, ends: RoundEnds): void;
  waitingRows(): number;
  /** Nothing waits but copies of dead letters. */
  hasOnlyCopies(): boolean;
  /** Rows not yet acknowledged, and when the oldest was written, epoch ms. */
  pending(): { readonly rows: number; readonly oldestAtMs: number | undefined };
}

/** Rows that are in the outbox and not in memory. */
export interface Unread {
  readonly rows: number;
  readonly oldestAtMs: number | undefined;
}

export interface RelayLaneOptions {
  readonly store: Store;
  readonly instanceId: string;
  readonly unread: Unread;
  readonly bufferRows: number;
  readonly pageRows: number;
  /** There is something to do. */
  readonly onChange: () => void;
}

export const nothingUnread: Unread = { rows: 0, oldestAtMs: undefined };

export function createRelayLane(options: RelayLaneOptions): RelayLane {
  const { store, instanceId, bufferRows, pageRows, onChange } = options;
  let queue: RelayRow[] = [];
  const watermark = createWatermark<RelayRow>();
  // Until somebody says where to begin, nothing is read.
  let takenSeq = Number.MAX_SAFE_INTEGER;
  let unread = options.unread;
  /** Rows up to here are known to be in the outbox. */
  let knownSeq = 0;
  let behind = true;
  /** A COMMIT with a lost answer is only settled when a later one was answered. */
  let unsettled = false;
  let restarts = 0;

  return {
    hand(firstSeq, messages, createdAtMs) {
      knownSeq = firstSeq + messages.length - 1;
      unsettled = false;
      if (queue.length + messages.length > bufferRows) behind = true;
      if (!behind) {
        messages.forEach((message, index) => {
          // A page of the outbox, read after the commit, may have brought it already.
          if (firstSeq + index > takenSeq) queue.push({ ...message, seq: firstSeq + index, createdAtMs });
        });
        takenSeq = Math.max(takenSeq, knownSeq);
      } else {
        unread = { rows: unread.rows + messages.length, oldestAtMs: unread.oldestAtMs ?? createdAtMs };
      }
      onChange();
    },
    reread() {
      behind = true;
      unsettled = true;
      onChange();
    },
    delivered: watermark.delivered,
    recorded: watermark.recorded,
    restart(afterSeq, unreadThere) {
      restarts += 1;
      unread = unreadThere;
      queue = [];
      watermark.reset();
      takenSeq = afterSeq;
      behind = true;
      onChange();
    },
    isBehind: () => behind,
    async fill(signal) {
      const asOf = restarts;
      const rows = await store.read(signal, (database) => readOutboxAfter(database, instanceId, takenSeq, pageRows));
      if (asOf !== restarts) return true;
      queue.push(...rows);
      takenSeq = rows.at(-1)?.seq ?? takenSeq;
      unread = { ...unread, rows: Math.max(0, unread.rows - rows.length) };
      if (rows.length === pageRows || takenSeq < knownSeq) return true;
      unread = nothingUnread;
      behind = unsettled;
      return false;
    },
    open: (maxRows) => (queue.length === 0 ? undefined : watermark.open(queue.splice(0, maxRows))),
    close: watermark.close,
    waitingRows: () => queue.length,
    // Events carry the headers of every event, which no row keeps.
    hasOnlyCopies: () => queue.every(({ headers }) => headers !== null),
    pending: () => ({
      rows: unread.rows + queue.length + watermark.sentRows(),
      oldestAtMs: watermark.oldestAtMs() ?? queue[0]?.createdAtMs ?? unread.oldestAtMs,
    }),
  };
}
