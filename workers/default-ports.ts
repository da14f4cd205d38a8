import type { Service } from "#contracts/topics.ts";

/** Where each service listens unless told otherwise. */
export const defaultPorts: Readonly<Record<Service, number>> = {
  intake: 8080,
  stock: 8081,
  order: 8082,
  payment: 8083,
};
