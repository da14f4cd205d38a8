import type { Service } from "#contracts/topics.ts";

/** Where each service's HTTP is, without a slash at the end. */
export type Addresses = Readonly<Record<Service, string>>;

export const portsOf = (httpPort: number): Readonly<Record<Service, number>> => {
  return { intake: httpPort, stock: httpPort + 1, order: httpPort + 2, payment: httpPort + 3 };
};

export function addressesOf(httpPort: number): Addresses {
  const { intake, stock, order, payment } = portsOf(httpPort);
  const address = (port: number) => `http://127.0.0.1:${port}`;
  return { intake: address(intake), stock: address(stock), order: address(order), payment: address(payment) };
}
