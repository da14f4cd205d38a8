import { type Service } from "#contracts/topics.ts";
import { defaultPorts } from "#workers/default-ports.ts";

const answerWithinMs = 3_000;

/**
 * Asks a service on this machine whether it is ready, and says so: for an image that has no curl.
 * @returns the exit code: 0 ready, 1 not
 */
export async function askReady(
  service: Service,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<0 | 1> {
  const port = environment["HTTP_PORT"]?.trim() || String(defaultPorts[service]);
  const host = environment["HTTP_HOST"]?.trim() || "127.0.0.1";
  // What listens on all addresses listens on this one.
  const at = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  const url = `http://${at.includes(":") ? `[${at}]` : at}:${port}/ready`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) });
    if (!response.ok) console.log(await response.text());
    return response.ok ? 0 : 1;
  } catch (error) {
    console.log(`${url} does not answer: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  }
}
