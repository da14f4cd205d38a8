// For tests only.
import { join } from "node:path";
import { type Service, services } from "#contracts/topics.ts";
import { startLibsqlServer } from "#db/server-double/server.ts";

export interface StoreServers {
  readonly urls: Readonly<Record<Service, string>>;
  close(): Promise<void>;
}

/** A libSQL server for the store of each service. */
export async function startStoreServers(folder: string): Promise<StoreServers> {
  const start = async (service: Service) => [service, await startLibsqlServer(join(folder, `${service}.db`))] as const;
  const servers = await Promise.all(services.map(start));
  return {
    urls: Object.fromEntries(servers.map(([service, { url }]) => [service, url])) as Record<Service, string>,
    close: async () => void (await Promise.all(servers.map(([, server]) => server.close()))),
  };
}
