import { type Service, services } from "#contracts/topics.ts";
import type { Random } from "#workers/testing/random-messages.ts";
import { type AdminClient, AdminError } from "#workers/operators/admin-client.ts";
import type { Letter } from "#contracts/letters-of-services.ts";
import { type Action, closeLetter } from "#workers/operators/close-letter.ts";
import { readLetters } from "../cli/dlq/letters.ts";

/** What operators did with dead letters, and which genuine steps of orders they discarded. */
export interface Operations {
  readonly done: Record<Action, number>;
  /** By order. */
  readonly discarded: Map<string, Set<string>>;
}

export const noOperations = (): Operations => ({ done: { heal: 0, replay: 0, discard: 0 }, discarded: new Map() });

const actions: readonly Action[] = ["heal", "replay", "discard"];
const lettersAtMost = 1_000;

/**
 * Deals with dead letters as `orderwright dlq` does, each by an action chosen at random, or by another where that cannot be
 * done. What a service that is away does not take stays for the next pass. Gives how many are still dead.
 */
export async function operate(client: AdminClient, random: Random, operations: Operations): Promise<number> {
  let left = 0;
  for (const service of services) {
    for (const letter of await deadLettersOf(client, service)) {
      if (!(await closeOne(client, random, letter, operations))) left += 1;
    }
  }
  return left;
}

async function deadLettersOf(client: AdminClient, service: Service): Promise<readonly Letter[]> {
  try {
    return await readLetters(client, service, { state: "dead" }, lettersAtMost);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    return [];
  }
}

async function closeOne(client: AdminClient, random: Random, letter: Letter, operations: Operations): Promise<boolean> {
  const order = { operator: "chaos", why: "a test", dryRun: false };
  const first = random.pick(actions);
  for (const action of [first, ...actions.filter((each) => each !== first)]) {
    // Also where its answer is lost it may have been done.
    if (action === "discard" && letter.orderId !== null) {
      const topics = operations.discarded.get(letter.orderId) ?? new Set();
      operations.discarded.set(letter.orderId, topics.add(letter.topic));
    }
    const { outcome } = await closeLetter(client, action, letter, order);
    // Its cause may pass, and then it works: not now.
    if (outcome === "cannot" && action === "replay" && letter.reason === "constraint") return false;
    if (outcome === "cannot") continue;
    operations.done[action] += 1;
    return true;
  }
  return false;
}
