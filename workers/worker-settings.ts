import { type BusSettings, busSettings } from "#bus/settings.ts";
import type { Service } from "#contracts/topics.ts";
import type { StoreAddress } from "#db/connection.ts";
import { type ClientFeatures, clientSettings } from "#kafka/settings.ts";
import type { ClientProperties } from "#kafka/upstream.ts";
import { defaultPorts } from "./default-ports.ts";
import { type KeepingSettings, readKeepingSettings } from "./keeping-settings.ts";
import { type Environment, type EnvironmentReader, createEnvironmentReader } from "./environment.ts";

/** What every worker is told. */
export interface WorkerSettings {
  readonly service: Service;
  readonly store: StoreAddress;
  readonly host: string;
  readonly port: number;
  /** Undefined: anyone who reaches the port may ask, so the host is a loopback address. */
  readonly bearerToken: string | undefined;
  /** What operators must show; undefined: nothing is served to them. */
  readonly adminToken: string | undefined;
  readonly instanceId: string;
  readonly client: ClientProperties;
  readonly bus: BusSettings;
  readonly keeping: KeepingSettings;
}

/**
 * A worker's settings, and those of its service that `own` reads. Pure.
 * @throws EnvironmentError with all problems
 */
export function workerSettings<T>(
  service: Service,
  environment: Environment,
  features: ClientFeatures,
  own: (reader: EnvironmentReader) => T,
): { readonly worker: WorkerSettings; readonly own: T } {
  const reader = createEnvironmentReader(environment);
  const client = reader.part(() => clientSettings(environment, features));
  const bus = reader.part(() => busSettings(environment));
  const bearerToken = reader.optional("HTTP_TOKEN");
  const adminToken = reader.optional("ADMIN_TOKEN");
  if (adminToken !== undefined && adminToken === bearerToken) {
    reader.problem("ADMIN_TOKEN is the same as HTTP_TOKEN: who may place orders may not heal and discard messages");
  }
  const host = reader.text("HTTP_HOST", "127.0.0.1");
  if (bearerToken === undefined && !isLoopback(host)) {
    reader.problem(`HTTP_HOST is ${host}: without HTTP_TOKEN only a loopback address such as 127.0.0.1 is allowed`);
  }
  const url = reader.text("STORE_URL", `file:data/${service}.db`);
  storeProblems(url).forEach((problem) => reader.problem(problem));
  const authToken = reader.optional("STORE_AUTH_TOKEN");
  // 0 lets the system choose: for tests, and for several on one machine.
  const port = reader.integer("HTTP_PORT", defaultPorts[service], 0, 65_535);
  const instanceId = reader.text("INSTANCE_ID", `${service}-1`);
  const keeping = readKeepingSettings(reader);
  const ownSettings = own(reader);
  reader.check();
  if (client === undefined || bus === undefined) throw new Error("a part without settings reported no problem");
  const store = authToken === undefined ? { url } : { url, authToken };
  return {
    worker: { service, store, host, port, bearerToken, adminToken, instanceId, client, bus, keeping },
    own: ownSettings,
  };
}

/** Never repeats what may hold a token or a password. */
function storeProblems(url: string): string[] {
  if (/^(libsql|https?):/.test(url)) {
    return /@|authToken=/i.test(url) ? ["STORE_URL has a token or a password in it: give it as STORE_AUTH_TOKEN"] : [];
  }
  if (url.startsWith("file:")) return [];
  const shown = /[@?]/.test(url) ? "of another kind" : `"${url}"`;
  return [`STORE_URL is ${shown}: give file:, libsql:, https: or http:`];
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
