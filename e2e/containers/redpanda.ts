// For tests only.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { deadLetterTopic, topics } from "#contracts/topics.ts";
import { openAdmin } from "#kafka/admin.ts";
import { answersMetadata } from "#kafka/apache-kafka/answers.ts";
import { freePorts } from "#kafka/free-ports.ts";
import { baseProperties } from "#kafka/settings.ts";
import { until } from "#kafka/testing.ts";
import { run } from "./engine.ts";

// Ryuk takes away what a test that died has left. It is one more image from a registry, and its connection does not last on Bun;
// `removeLeftovers` does its work. Read when the module is loaded, so set before.
process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
const { RedpandaContainer } = await import("@testcontainers/redpanda");
const { getContainerRuntimeClient } = await import("testcontainers");

const OPS_DIR = join(import.meta.dirname, "../../ops/redpanda");
export const ownerLabel = "orderwright.test.pid";
/** Of the listener "external". */
const CONTAINER_PORT = 19_092;
const startupTimeoutMs = 120_000;

/**
 * The module's container with our settings in place of its own, which are those of dev-container mode. What it advertises is known before
 * it starts, as the port stays over a restart; so it needs none of the module's scripts that write it afterwards.
 */
class OurRedpanda extends RedpandaContainer {
  constructor(image: string, host: string, port: number) {
    super(image);
    const ours = readFileSync(join(OPS_DIR, "redpanda.yaml"), "utf8");
    const here = ours.replace(
      `{ name: external, address: localhost, port: ${CONTAINER_PORT} }`,
      `{ name: external, address: ${host}, port: ${port} }`,
    );
    if (here === ours) throw new Error("redpanda.yaml no longer advertises the listener that tests use: adapt this");
    // The module's are four, each on a port of the system's choice, for everybody on the network.
    this.exposedPorts = [];
    this.withExposedPorts({ container: CONTAINER_PORT, host: port });
    const hostIp = host === "localhost" ? "127.0.0.1" : "";
    this.hostConfig.PortBindings = { [`${CONTAINER_PORT}/tcp`]: [{ HostIp: hostIp, HostPort: String(port) }] };
    this.filesToCopy = [{ source: join(OPS_DIR, "bootstrap.yaml"), target: "/etc/redpanda/.bootstrap.yaml" }];
    this.withCopyContentToContainer([{ content: here, target: "/etc/redpanda/redpanda.yaml" }])
      .withCommand([
        "redpanda",
        "start",
        "--smp=1",
        "--memory=1G",
        "--reserve-memory=0M",
        "--overprovisioned",
        "--check=false",
      ])
      .withEnvironment({ STAND_IN_LISTENER: "external" })
      .withLabels({ [ownerLabel]: String(process.pid) })
      .withStartupTimeout(startupTimeoutMs);
  }

  protected override beforeContainerCreated(): Promise<void> {
    return Promise.resolve();
  }
  protected override containerStarted(): Promise<void> {
    return Promise.resolve();
  }
}

/** Redpanda, or what stands in for it, in a container with all topics. */
export interface ContainedRedpanda {
  readonly bootstrapServers: string;
  kill9(): Promise<void>;
  /** After `kill9` or from running, on the same port and with its data. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export async function startRedpanda(image: string): Promise<ContainedRedpanda> {
  removeLeftovers();
  const { info } = await getContainerRuntimeClient();
  const { host } = info.containerRuntime;
  const [port = 0] = await freePorts(1);
  const container = await new OurRedpanda(image, host, port).start();
  const docker = (command: string) => run("docker", [command, container.getId()]);
  const answers = () => until("the broker in its container to answer", () => answersMetadata(port), startupTimeoutMs);
  const bootstrapServers = `${host}:${port}`;
  try {
    await answers();
    await makeTopics(bootstrapServers);
  } catch (error) {
    await container.stop();
    throw error;
  }
  let isRunning = true;
  const kill9 = () => {
    if (isRunning) docker("kill");
    isRunning = false;
    return Promise.resolve();
  };
  return {
    bootstrapServers,
    kill9,
    async restart() {
      await kill9();
      docker("start");
      isRunning = true;
      await answers();
    },
    stop: async () => void (await container.stop({ timeout: 0 })),
  };
}

/** As `orderwright topics` does. */
async function makeTopics(bootstrapServers: string): Promise<void> {
  const admin = await openAdmin(baseProperties(bootstrapServers));
  try {
    const origins = Object.values(topics);
    const { differences } = await admin.ensureTopics([...origins, ...origins.map(deadLetterTopic)]);
    if (differences.length > 0) throw new Error(`topics differ: ${JSON.stringify(differences)}`);
  } finally {
    await admin.close();
  }
}

/** Removes the containers of test processes that are no more. */
export function removeLeftovers(): void {
  const format = `{{.ID}} {{.Label "${ownerLabel}"}}`;
  const lines = run("docker", ["ps", "--all", "--filter", `label=${ownerLabel}`, "--format", format]);
  for (const line of lines.split("\n").filter(Boolean)) {
    const [id = "", pid] = line.split(" ");
    if (!isAlive(Number(pid))) run("docker", ["rm", "--force", "--volumes", id]);
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
