import {
  type ClosedLetter,
  type DeadLetterSummary,
  deadLetterResult,
  outboxFound,
  placeOf,
  publishAgainResult,
} from "#contracts/dead-letters.ts";
import type { Service } from "#contracts/topics.ts";
import { type AdminClient, AdminError } from "./admin-client.ts";

export type Action = "heal" | "replay" | "discard";

/** A dead letter and whose it is. */
export type Letter = DeadLetterSummary & { readonly service: Service };

/** Who does it and why. */
export interface Order {
  readonly operator: string;
  readonly why: string;
  readonly dryRun: boolean;
}

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
  const isGenuine = (await askWriters(client, letter)) !== undefined;
  return client.post(letter.service, pathOf(letter, "discard"), { ...order, isGenuine }, deadLetterResult);
}

/** Looks first, then has the writer publish, then closes: broken off in between, the letter is still dead. */
async function heal(client: AdminClient, letter: Letter, order: Order): Promise<ClosedLetter> {
  if (letter.messageIds.length === 0) {
    return { outcome: "cannot", effect: "neither key nor body name an order: it can only be discarded" };
  }
  const found = await askWriters(client, letter);
  if (found === undefined) {
    const effect = `no outbox of ${letter.writers.join(" or ")} has it: it is junk to be discarded, or to be replayed`;
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

/**
 * Which of its writers has the message in its outbox. An event has one writer, whatever its topic has.
 * @throws AdminError when that cannot be known, as one does not answer
 */
async function askWriters(client: AdminClient, { writers, messageIds }: Letter): Promise<Found | undefined> {
  if (messageIds.length === 0) return undefined;
  const query = new URLSearchParams(messageIds.map((id): [string, string] => ["id", id])).toString();
  let failure: AdminError | undefined;
  for (const writer of writers as readonly Service[]) {
    try {
      const found = await client.get(writer, `/outbox?${query}`, outboxFound);
      if (found.messageIds.length > 0) return { writer, messageIds: found.messageIds };
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}
