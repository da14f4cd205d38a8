import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe } from "node:test";
import { orderView } from "#contracts/http.ts";
import { type Service, services } from "#contracts/topics.ts";
import { testUnless, until } from "#kafka/testing.ts";
import { defaultPorts } from "#workers/default-ports.ts";
import { missing, needs, run } from "../containers/engine.ts";
import { buildImages, override } from "./images.ts";

const unavailable = missing([needs.engine, needs.compose, needs.go]);
const project = `orderwright-test-${process.pid}`;

describe("docker compose up, with a stand-in for Redpanda", () => {
  let folder: string;
  let urls: Readonly<Record<Service, string>>;
  const compose = (...args: string[]) => {
    const files = ["-f", "docker-compose.yml", "-f", join(folder, "override.yml")];
    return run("docker", ["compose", "--project-name", project, ...files, ...args]);
  };
  before(async () => {
    if (unavailable !== null) return;
    folder = mkdtempSync(join(tmpdir(), "orderwright-compose-"));
    await buildImages(folder);
    writeFileSync(join(folder, "override.yml"), override);
    compose("up", "--detach", "--no-build", "--wait", "--wait-timeout", "120");
    urls = findUrls();
  });
  after(() => {
    if (unavailable !== null) return;
    compose("down", "--volumes", "--timeout", "5");
    rmSync(folder, { recursive: true });
  });

  function findUrls(): Readonly<Record<Service, string>> {
    const urlOf = (service: Service) => `http://${compose("port", service, String(defaultPorts[service])).trim()}`;
    return Object.fromEntries(services.map((service) => [service, urlOf(service)])) as Record<Service, string>;
  }

  async function send(service: Service, method: string, path: string, body?: unknown): Promise<Response> {
    const headers = {
      "content-type": "application/json",
      authorization: "Bearer development",
      "idempotency-key": crypto.randomUUID(),
    };
    const answer = await fetch(urls[service] + path, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer;
  }

  async function buyMug() {
    const order = { customerId: "c", currency: "GBP", lines: [{ productId: "mug", quantity: 1 }] };
    const placed = await send("intake", "POST", "/orders", order);
    const { id } = orderView.parse(await placed.json());
    return orderView.parse(await (await send("intake", "GET", `/orders/${id}?wait=30s`)).json());
  }

  const limit = { timeout: 300_000 };

  testUnless(
    unavailable,
    "an order over HTTP settles: paid",
    async () => {
      await send("stock", "PUT", "/prices", { prices: [{ productId: "mug", priceMinor: 100 }] });
      await send("stock", "POST", "/restocks", { items: [{ productId: "mug", quantity: 10 }] });
      await send("payment", "POST", "/top-ups", { currency: "GBP", topUps: [{ customerId: "c", amountMinor: 1_000 }] });
      assert.equal((await buyMug()).status, "paid");
    },
    limit,
  );

  testUnless(
    unavailable,
    "services run as nobody, with no capability, on a root that they cannot write",
    () => {
      for (const service of services) {
        const id = compose("ps", "--quiet", service).trim();
        const [{ Config, HostConfig }] = JSON.parse(run("docker", ["inspect", id])) as [
          {
            Config: { User: string };
            HostConfig: { ReadonlyRootfs: boolean; CapDrop: string[]; SecurityOpt: string[]; Memory: number };
          },
        ];
        assert.equal(Config.User, "65532:65532");
        assert.equal(HostConfig.ReadonlyRootfs, true);
        assert.deepEqual(HostConfig.CapDrop, ["ALL"]);
        assert.ok(HostConfig.SecurityOpt.some((option) => option.startsWith("no-new-privileges")));
        assert.ok(HostConfig.Memory > 0);
      }
    },
    limit,
  );

  testUnless(
    unavailable,
    "a service whose container is made anew has its store, and orders settle",
    async () => {
      compose("up", "--detach", "--no-build", "--no-deps", "--force-recreate", "--wait", "payment", "stock");
      urls = findUrls();
      await until("a paid order", async () => (await buyMug()).status === "paid", 60_000);
    },
    limit,
  );

  testUnless(
    unavailable,
    "docker compose down leaves no container, network or volume",
    () => {
      compose("down", "--volumes", "--timeout", "5");
      const labelled = ["--filter", `label=com.docker.compose.project=${project}`, "--quiet"];
      assert.equal(run("docker", ["ps", "--all", ...labelled]), "");
      assert.equal(run("docker", ["network", "ls", ...labelled]), "");
      assert.equal(run("docker", ["volume", "ls", ...labelled]), "");
    },
    limit,
  );
});
