import { connectionFailure, type ConnectionFailure } from "./connection-failure.ts";
import { KafkaError, toKafkaError } from "./errors.ts";
import { type Client, type ClientLog, type ClientProperties, ERROR_CODES, type UpstreamError } from "./upstream.ts";

export interface ConnectOptions {
  /** Gives up waiting, ms; the error then says the last reason seen. Default 5,000. */
  readonly connectTimeoutMs?: number;
  readonly signal?: AbortSignal;
  /** librdkafka's log, for as long as the client lives. It says at once what its errors say late, or never. */
  readonly onLog?: (log: ClientLog) => void;
}

const SLICE_MS = 200;

/**
 * Connects a client, or rejects soon with the real reason: at once where trying on is in vain (a wrong password, an unknown
 * certificate authority, a port that speaks HTTP), else after the timeout. The rejected client needs no closing.
 * @throws KafkaError fatal or retriable; the signal's reason when aborted
 */
export async function connect(client: Client, properties: ClientProperties, options: ConnectOptions): Promise<void> {
  const { connectTimeoutMs = 5_000, signal, onLog } = options;
  signal?.throwIfAborted();
  if (onLog) client.on("event.log", onLog);
  client.on("event.error", () => {}); // the log says more: see connection-failure.ts
  const servers = String(properties["bootstrap.servers"]);
  const failures = new Map<string, ConnectionFailure>(); // by broker, the last one
  const watch = (log: ClientLog) => {
    const failure = connectionFailure(log);
    if (!failure) return;
    const known = failures.get(failure.broker);
    // OpenSSL names the file in its first line, and not in those that follow.
    if (!known?.certain && !(known && log.fac === "SSL")) failures.set(failure.broker, failure);
  };
  const untilMs = performance.now() + connectTimeoutMs;
  const givenUp = () =>
    signal?.aborted === true ||
    performance.now() >= untilMs ||
    // Of several brokers, one may have a problem of its own.
    [...failures.values()].filter(({ certain }) => certain).length >= servers.split(",").length;
  client.on("event.log", watch);
  const error = await connectInSlices(client, givenUp);
  client.off("event.log", watch);
  if (!error) return;
  signal?.throwIfAborted();
  throw refusal(servers, failures, error);
}

/**
 * Upstream asks for metadata when it has connected, and closes the client when that fails. The one request waits for as long
 * as its timeout, whatever the log says meanwhile, and a client under a running request cannot be closed: so it is asked in
 * slices. Of no topic: it is enough to know that a broker answers.
 */
async function connectInSlices(client: Client, givenUp: () => boolean): Promise<UpstreamError | undefined> {
  const ask = client.getMetadata.bind(client);
  client.getMetadata = ({ allTopics }, done) => {
    const next = () =>
      ask({ allTopics, timeout: SLICE_MS }, (error, metadata) => {
        const mayPass = error?.code === ERROR_CODES.ERR__TRANSPORT || error?.code === ERROR_CODES.ERR__TIMED_OUT;
        if (mayPass && !givenUp()) next();
        else done(error, metadata);
      });
    next();
  };
  const error = await new Promise<UpstreamError | undefined>((resolve) => {
    client.connect({ timeout: SLICE_MS, allTopics: false }, (failed) => resolve(failed ?? undefined));
  });
  client.getMetadata = ask;
  return error;
}

function refusal(servers: string, failures: ReadonlyMap<string, ConnectionFailure>, cause: UpstreamError): KafkaError {
  const seen = [...failures.values()];
  const failure = seen.find(({ certain }) => certain) ?? seen.at(-1);
  if (!failure) return toKafkaError(cause, `connect to ${servers}`);
  // The client could not be made at all, for want of a file, for one: the address is not what is wrong.
  const unmade = cause.code === ERROR_CODES.ERR__STATE || failure.code === "ERR__INVALID_ARG";
  const where = unmade ? "settings" : `connect to ${failure.broker || servers}`;
  return new KafkaError(unmade ? "fatal" : failure.kind, failure.code, `${where}: ${failure.message}`, { cause });
}
