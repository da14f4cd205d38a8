import { deadLetterDetail, type DeadLetterDetail, deadLetterGroups, deadLetterPage } from "#contracts/dead-letters.ts";
import type { Group, Letter } from "#contracts/letters-of-services.ts";
import { type Service, services } from "#contracts/topics.ts";
import type { AdminClient } from "#workers/operators/admin-client.ts";

/** Where a dead letter is: in the store of the service that could not take it. */
export interface LetterName {
  readonly service: Service;
  readonly id: number;
}

/** Parts of a query by their names, as the contracts have them. */
export type Filter = Readonly<Record<string, string>>;

/** `stock/12`. */
export const nameOf = ({ service, id }: LetterName): string => `${service}/${id}`;

/** Undefined for what names none. */
export function parseName(text: string): LetterName | undefined {
  const [, name, id] = /^([a-z]+)\/([1-9]\d{0,14})$/.exec(text) ?? [];
  const service = services.find((known) => known === name);
  return service === undefined ? undefined : { service, id: Number(id) };
}

const lettersPerRequest = 500;

/** Those of a service, the newest first, at most `limit`; in requests of some hundred. */
export async function readLetters(
  client: AdminClient,
  service: Service,
  filter: Filter,
  limit: number,
): Promise<Letter[]> {
  const letters: Letter[] = [];
  let beforeId: number | null = null;
  do {
    const size = Math.min(limit - letters.length, lettersPerRequest);
    const page: Filter = beforeId === null ? {} : { beforeId: String(beforeId) };
    const query: string = new URLSearchParams({ ...filter, ...page, limit: String(size) }).toString();
    const answer = await client.get(service, `/dead-letters?${query}`, deadLetterPage);
    letters.push(...answer.letters.map((letter) => ({ ...letter, service })));
    beforeId = answer.next;
  } while (beforeId !== null && letters.length < limit);
  return letters;
}

export async function readGroups(client: AdminClient, service: Service, filter: Filter): Promise<Group[]> {
  const query = new URLSearchParams(filter).toString();
  const { groups } = await client.get(service, `/dead-letter-groups?${query}`, deadLetterGroups);
  return groups.map((group) => ({ ...group, service }));
}

export async function readDetail(
  client: AdminClient,
  { service, id }: LetterName,
): Promise<DeadLetterDetail & { readonly service: Service }> {
  return { ...(await client.get(service, `/dead-letters/${id}`, deadLetterDetail)), service };
}
