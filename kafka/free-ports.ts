import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Listens on this machine's own address only. Gives the port, which is the system's choice. */
export async function listenOnFreePort(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the system gave no port");
  return address.port;
}

/** As many ports as asked for that nobody listens on now. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  // All are held before the first is given back: so no two are the same.
  const ports = await Promise.all(servers.map((server) => listenOnFreePort(server)));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
