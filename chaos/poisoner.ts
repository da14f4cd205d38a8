import { sql } from "drizzle-orm";
import { setTimeout as delay } from "node:timers/promises";
import { groups, services, topics } from "#contracts/topics.ts";
import { createReader } from "#db/reader.ts";
import { openProducer } from "#kafka/producer.ts";
import { baseProperties, producerSettings } from "#kafka/settings.ts";
import type { Processes } from "../e2e/processes.ts";
import { refusedByTrouble } from "./monkey.ts";
import { type Poison, printOf } from "./poison.ts";

/** Sends poison as somebody does who has the broker's address, however often that takes. */
export async function send(bootstrapServers: string, poison: readonly Poison[]): Promise<void> {
  let left = [...poison];
  for (; left.length > 0; await delay(100)) {
    try {
      const properties = producerSettings(
        baseProperties(bootstrapServers),
        { lingerMs: 0, deliveryTimeoutMs: 1_000 },
        { missing: {} },
      );
      const producer = await openProducer(properties, { signal: AbortSignal.timeout(5_000) });
      try {
        const { failed } = await producer.send(
          left.map(({ topic, key, value }) => ({ topic, key, value, headers: {} })),
        );
        left = failed.flatMap(({ index }) => left[index] ?? []);
      } finally {
        await producer.close(0);
      }
    } catch {
      // The broker is away: again.
    }
  }
}

/** What the stores say of dead letters. */
export interface LettersFound {
  /** Groups that have set each poison aside, by `printOf`. */
  readonly byPrint: ReadonlyMap<string, ReadonlySet<string>>;
  /** Genuine messages that the process died of three times, being killed with them in hand: set aside by the rule. */
  readonly deadly: number;
  /** Genuine messages whose rows the store refused for a while. */
  readonly refused: number;
  /** Letters that are none of our poison: a genuine message was set aside. */
  readonly strangers: readonly string[];
  /** Letters whose reason is not their poison's. */
  readonly misjudged: readonly string[];
}

const deathLimit = 3;

interface Row {
  readonly groupId: string;
  readonly topic: string;
  readonly key: ArrayBuffer | null;
  readonly value: ArrayBuffer | null;
  readonly reason: string;
  readonly error: string;
  readonly attempts: number;
}

export async function readLetters({ storeUrls }: Processes, poison: readonly Poison[]): Promise<LettersFound> {
  const reasons = new Map(poison.map((each) => [printOf(each.topic, each.key, each.value), each.reason]));
  const byPrint = new Map<string, Set<string>>();
  const strangers: string[] = [];
  const misjudged: string[] = [];
  let deadly = 0;
  let refused = 0;
  for (const service of services) {
    const reader = createReader({ url: storeUrls[service] });
    const rows = await reader.read(new AbortController().signal, (database) =>
      database.all<Row>(sql`SELECT group_id AS groupId, topic, key, value, reason, error, attempts FROM dead_letters`),
    );
    reader.close();
    for (const { groupId, topic, key, value, reason, error, attempts } of rows) {
      const print = printOf(topic, key && new Uint8Array(key), value && new Uint8Array(value));
      const expected = reasons.get(print);
      const what = `${topic} at ${groupId}, key ${key === null ? "none" : new TextDecoder().decode(key)}: ${reason}: ${error}`;
      if (reason === "deadly" && attempts >= deathLimit) deadly += 1;
      else if (reason === "constraint" && error.includes(refusedByTrouble)) refused += 1;
      else if (expected === undefined) strangers.push(what);
      else if (expected !== reason) misjudged.push(`${what}; it is ${expected}`);
      byPrint.set(print, (byPrint.get(print) ?? new Set()).add(groupId));
    }
  }
  return { byPrint, deadly, refused, strangers, misjudged };
}

/** Poison that some reader has not set aside, and who. */
export function missing(found: LettersFound, poison: readonly Poison[]): { poison: Poison; groups: string[] }[] {
  return poison.flatMap((each) => {
    const have = found.byPrint.get(printOf(each.topic, each.key, each.value));
    const left = topics[each.topic].readers.filter((group) => have?.has(group) !== true);
    return left.length === 0 ? [] : [{ poison: each, groups: left.map(shortName) }];
  });
}

const shortName = (group: string) => Object.entries(groups).find(([, id]) => id === group)?.[0] ?? group;
