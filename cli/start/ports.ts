import { createServer } from "node:net";
import { StartError } from "./start-error.ts";

/** @throws StartError that names the ports that others have */
export async function requireFreePorts(
  ports: readonly { readonly port: number; readonly of: string }[],
): Promise<void> {
  const taken: string[] = [];
  for (const { port, of } of ports) if (!(await isFree(port))) taken.push(`${port} (${of})`);
  if (taken.length === 0) return;
  const subject = taken.length === 1 ? "port" : "ports";
  throw new StartError(
    `${subject} ${taken.join(", ")} taken by another program: stop that one, or choose others with --port and --broker-port`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
