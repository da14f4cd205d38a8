import {
  type ClosedLetter,
  deadLetterResult,
  type DiscardRequest,
  outboxFound,
  placeOf,
  publishAgainResult,
} from "#contracts/dead-letters.ts";
import type { Letter } from "#contracts/letters-of-services.ts";
import type { Service } from "#contracts/topics.ts";
import { type AdminClient, AdminError } from "./admin-client.ts";

export type Action = "heal" | "replay" | "discard";

/** Who does it and why. */
export interface Order {
  readonly operator: string;
  readonly why: string;
  readonly dryRun: boolean;
  /** Of a letter that may be older than what its writer's outbox has, for a discard: whose it is, as the operator knows it. */
  readonly discardAs?: DiscardAs | undefined;
}

export const discardedAs = ["junk", "genuine"] as const;
export type DiscardAs = (typeof discardedAs)[number];

/**
 * Heals, replays or discards one letter, by talking to the service that has it and to those that write its topic. Each step is
 * done once however often it is asked for, so what was broken off is ended by asking again.
 */
export async function closeLetter(
  client: AdminClient,
  action: Action,
  letter: Letter,
  order: Order,
): Promise<ClosedLetter> {
  try {
    return await closing[action](client, letter, order);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    return { outcome: "cannot", effect: error.message };
  }
}

const closing: Readonly<Record<Action, typeof heal>> = { heal, replay, discard };

const pathOf = ({ id }: Letter, step: string) => `/dead-letters/${id}/${step}`;

async function replay(client: AdminClient, letter: Letter, order: Order): Promise<ClosedLetter> {
  return client.post(letter.service, pathOf(letter, "replay"), order, deadLetterResult);
}

async function discard(client: AdminClient, letter: Letter, order: Order): Promise<ClosedLetter> {
  const { operator, why, dryRun, discardAs } = order;
  const { found, forgetful } = await askWriters(client, letter);
  const close = (isGenuine: boolean, saidBy: DiscardRequest["saidBy"]) =>
    client.post(
      letter.service,
      pathOf(letter, "discard"),
      { operator, why, dryRun, isGenuine, saidBy },
      deadLetterResult,
    );
  if (found !== undefined) return close(true, "outbox");
  if (forgetful.length === 0) return close(false, "outbox");
  if (discardAs !== undefined) return close(discardAs === "genuine", "operator");
  const effect =
    `cannot know whose it is: ${goesBackTo(forgetful)}, and the order is older. Replay it if it can be read; else look at it ` +
    `and say: orderwright dlq discard ${letter.service}/${letter.id} --as junk (nobody of ours published it) or --as genuine ` +
    `(decided as this order's)`;
  return { outcome: "cannot", effect };
}

/** Looks first, then has the writer publish, then closes: broken off in between, the letter is still dead. */
async function heal(client: AdminClient, letter: Letter, order: Order): Promise<ClosedLetter> {
  if (letter.messageIds.length === 0) {
    return { outcome: "cannot", effect: "neither key nor body name an order: it can only be discarded" };
  }
  const { found, forgetful } = await askWriters(client, letter);
  if (found === undefined) {
    const effect =
      forgetful.length === 0
        ? `no outbox of ${letter.writers.join(" or ")} has it: it is junk to be discarded, or to be replayed`
        : `${goesBackTo(forgetful)}, and the order is older: there may be no good copy any more. It can be replayed`;
    return { outcome: "cannot", effect };
  }
  const { writer, messageIds } = found;
  const close = (dryRun: boolean) =>
    client.post(letter.service, pathOf(letter, "healed"), { ...order, dryRun, messageIds }, deadLetterResult);
  const expected = await close(true);
  if (order.dryRun || expected.outcome === "already") return expected;
  const request = { ...order, messageIds, letter: placeOf(letter) };
  await client.post(writer, "/outbox/publish-again", request, publishAgainResult);
  return close(false);
}

interface Found {
  readonly writer: Service;
  readonly messageIds: readonly string[];
}

interface Forgetful {
  readonly writer: Service;
  readonly completeSinceMs: number;
}

const goesBackTo = (forgetful: readonly Forgetful[]) =>
  forgetful
    .map(
      ({ writer, completeSinceMs }) =>
        `the outbox of ${writer} goes back to ${new Date(completeSinceMs).toISOString()}`,
    )
    .join(", ");

interface Asked {
  /** Which of its writers has the message in its outbox. An event has one writer, whatever its topic has. */
  readonly found: Found | undefined;
  /** Those that may have let go of it: their outbox does not go back to when the order was placed. */
  readonly forgetful: readonly Forgetful[];
}

/** @throws AdminError when it cannot be known, as a writer does not answer */
async function askWriters(client: AdminClient, { writers, messageIds, orderId }: Letter): Promise<Asked> {
  if (messageIds.length === 0 || orderId === null) return { found: undefined, forgetful: [] };
  const query = new URLSearchParams(messageIds.map((id): [string, string] => ["id", id])).toString();
  const forgetful: Forgetful[] = [];
  let failure: AdminError | undefined;
  for (const writer of writers as readonly Service[]) {
    try {
      const found = await client.get(writer, `/outbox?${query}`, outboxFound);
      if (found.messageIds.length > 0) return { found: { writer, messageIds: found.messageIds }, forgetful: [] };
      const { completeSinceMs } = found;
      if (completeSinceMs !== null && placedAtMs(orderId) < completeSinceMs)
        forgetful.push({ writer, completeSinceMs });
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return { found: undefined, forgetful };
}

/** A UUIDv7 begins with its moment, epoch ms. */
const placedAtMs = (orderId: string) => Number.parseInt(orderId.replace("-", "").slice(0, 12), 16);
