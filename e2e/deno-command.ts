// For tests only.
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Service } from "#contracts/topics.ts";
import { filePath } from "#db/connection.ts";
import { defaultPorts } from "#workers/default-ports.ts";

const PROJECT_DIR = fileURLToPath(new URL("..", import.meta.url));
const deno = `${PROJECT_DIR}node_modules/deno/deno`;

/** The flags of a worker's task in deno.json, and its program. */
function taskOf(service: Service): { readonly flags: readonly string[]; readonly main: string } {
  const { tasks } = JSON.parse(readFileSync(`${PROJECT_DIR}deno.json`, "utf8")) as { tasks: Record<Service, string> };
  const words = tasks[service].split(" ");
  const main = words.at(-1) ?? "";
  return { flags: words.slice(words.indexOf("run") + 1, -1), main };
}

/**
 * The permissions of a worker, as its task in deno.json has them, but for its port and the folder of its store. The paths of
 * the project are written out, so that it does not matter where it is started.
 */
export function denoPermissions(service: Service, port: number, storeFolder: string): string[] {
  const { flags } = taskOf(service);
  return flags.map((flag) => {
    const [name = "", list] = flag.split("=");
    if (list === undefined) return flag;
    const isPath = /^--allow-(read|write|ffi)$/.test(name);
    const values = list.split(",").map((value) => {
      if (value === `127.0.0.1:${defaultPorts[service]}`) return `127.0.0.1:${port}`;
      if (value === ".orderwright") return storeFolder;
      return isPath ? PROJECT_DIR + value : value;
    });
    return `${name}=${values.join(",")}`;
  });
}

/** A worker on Deno under those permissions. Where the system can, it ends with this process, however this ends. */
export function denoCommand(
  service: Service,
  port: number,
  environment: Readonly<Record<string, string>>,
): readonly [string, ...string[]] {
  const store = filePath(environment["STORE_URL"] ?? "");
  if (store === undefined) throw new Error("a worker on Deno has its store in a file here");
  const permissions = denoPermissions(service, port, dirname(store));
  // Where spans go is somebody else's host: whoever asks for tracing allows it, as docs/deploying.md says.
  const collector = environment["OTEL_EXPORTER_OTLP_ENDPOINT"];
  const allowed = permissions.map((flag) => {
    return collector !== undefined && flag.startsWith("--allow-net=") ? `${flag},${new URL(collector).host}` : flag;
  });
  // To end itself by a signal, as a fault asks for, it must be let run programs. Nothing else needs that.
  const faults = "FAULT_KILL_AT" in environment ? ["--allow-run"] : [];
  const withParent = process.platform === "linux" ? ["setpriv", "--pdeathsig", "KILL"] : [];
  const [file = deno, ...args] = [...withParent, deno, "run", ...allowed, ...faults];
  return [file, ...args, PROJECT_DIR + taskOf(service).main];
}
