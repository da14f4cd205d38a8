import { deadLetterTopic, type Group, groups, type Service, topics } from "./topics.ts";

/** What a service may do at the broker: all of these operations on each of these resources, which are named in full. */
export interface Permission {
  readonly resource: "topic" | "group";
  readonly names: readonly string[];
  readonly operations: readonly ("read" | "write" | "describe")[];
  readonly reason: string;
}

const groupOf: Readonly<Record<Service, Group>> = {
  intake: "view",
  stock: "stock",
  order: "order",
  payment: "payment",
};

/**
 * The least that a service needs, from what the contracts say it writes and reads. An idempotent producer needs no more than
 * to write some topic, since Kafka 2.8 (KIP-679) and in Redpanda (init_producer_id, server/handlers).
 */
export function permissionsOf(service: Service): Permission[] {
  const group = groups[groupOf[service]];
  const written = Object.values(topics).filter(({ writers }) => writers.includes(service));
  const read = Object.values(topics).filter(({ readers }) => readers.includes(group));
  const readersOfWritten = new Set(written.flatMap(({ readers }) => readers).filter((reader) => reader !== group));
  const permissions: Permission[] = [
    {
      resource: "topic",
      names: [...written.map(({ name }) => name), ...read.map((origin) => deadLetterTopic(origin).name)],
      operations: ["write", "describe"],
      reason: "the events that it publishes, and copies of what it cannot handle",
    },
    {
      resource: "topic",
      names: read.map(({ name }) => name),
      operations: ["read", "describe"],
      reason: "the events that it reads",
    },
    {
      resource: "group",
      names: [group],
      operations: ["read", "describe"],
      reason: "its group: membership and offsets",
    },
    {
      resource: "group",
      names: [...readersOfWritten],
      operations: ["describe"],
      reason: "how far the readers of its events are: what all have read may go from its outbox",
    },
  ];
  return permissions.filter(({ names }) => names.length > 0);
}
