import assert from "node:assert/strict";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { openAdmin } from "./admin.ts";
import { clientFeatures } from "./build/features.mjs";
import { connectionFailure } from "./connection-failure.ts";
import { KafkaError } from "./errors.ts";
import { listenOnFreePort } from "./free-ports.ts";
import { openProducer } from "./producer.ts";
import { baseProperties } from "./settings.ts";
import { newGroupId, openTestLoop, testUnless } from "./testing.ts";
import type { ClientProperties } from "./upstream.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();

after(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

async function listening(server: Server): Promise<string> {
  servers.push(server);
  server.on("connection", (socket) => sockets.add(socket));
  return `127.0.0.1:${await listenOnFreePort(server)}`;
}

async function unusedAddress(): Promise<string> {
  const server = createServer();
  const address = await listening(server);
  server.close();
  return address;
}

async function refusalOf(open: () => Promise<unknown>): Promise<KafkaError> {
  try {
    await open();
  } catch (error) {
    assert.ok(error instanceof KafkaError, String(error));
    return error;
  }
  throw new Error("it connected");
}

/** Far less than what librdkafka waits by itself (30 s), and enough for a busy machine. */
const SOON_MS = 9_000;
const QUICK = { connectTimeoutMs: 1_500 };

async function refusedProducer(settings: ClientProperties): Promise<KafkaError> {
  const startedMs = performance.now();
  const error = await refusalOf(() => openProducer(settings, QUICK));
  assert.ok(performance.now() - startedMs < SOON_MS);
  return error;
}

describe("an address where no Kafka broker answers", () => {
  test("with nothing listening says that, for a producer, an admin client and a poll loop alike", async () => {
    const settings = baseProperties(await unusedAddress());
    const errors = [
      await refusedProducer(settings),
      await refusalOf(() => openAdmin(settings, QUICK)),
      await refusalOf(() => openTestLoop(settings, ["t"], { groupId: newGroupId() }, QUICK)),
    ];
    for (const error of errors) {
      assert.match(error.message, /nothing listens at this address.*Connection refused/);
      assert.equal(error.kind, "retriable"); // the broker may be starting
    }
  });

  test("that speaks HTTP says so at once", async () => {
    const http = createHttpServer((_, response) => response.end("hello"));
    const error = await refusedProducer(baseProperties(await listening(http)));
    assert.match(error.message, /speaks HTTP/);
    assert.equal(error.kind, "fatal");
  });

  test("that takes the connection and says nothing says that", async () => {
    const silent = createServer(() => {});
    const settings = { ...baseProperties(await listening(silent)), "api.version.request.timeout.ms": 500 };
    assert.match((await refusedProducer(settings)).message, /never answered/);
  });

  test("that closes the connection, as a TLS port does, says what may be wrong", async () => {
    const alert = Buffer.from([0x15, 3, 3, 0, 2, 2, 0x46]);
    const closing = createServer((socket) => socket.on("data", () => socket.end(alert)));
    const error = await refusedProducer(baseProperties(await listening(closing)));
    assert.match(error.message, /closed the connection at our first request.*TLS or SASL/);
  });

  test("with a name that nobody knows says that", async () => {
    const error = await refusedProducer(baseProperties("no-such-host.invalid:9092"));
    assert.match(error.message, /no-such-host\.invalid:9092: the host name is not known/);
  });

  test("is not given up for one wrong port among two", async () => {
    const http = await listening(createHttpServer((_, response) => response.end("hello")));
    const error = await refusedProducer(baseProperties(`${http},${await unusedAddress()}`));
    assert.match(error.message, /speaks HTTP/); // after the timeout: the other might have come up
  });

  test("is given up at once when the signal says stop", async () => {
    const controller = new AbortController();
    const opening = openProducer(baseProperties(await unusedAddress()), { ...QUICK, signal: controller.signal });
    controller.abort(new Error("we stop"));
    await assert.rejects(opening, /we stop/);
  });
});

describe("settings that librdkafka refuses", () => {
  test("such as an unknown property are named", async () => {
    const settings = { ...baseProperties("127.0.0.1:1"), "no.such.property": 1 };
    for (const open of [
      () => openProducer(settings),
      () => openAdmin(settings),
      () => openTestLoop(settings, ["t"], { groupId: "g" }),
    ]) {
      const error = await refusalOf(open);
      assert.match(error.message, /No such configuration property: "no\.such\.property"/);
      assert.equal(error.kind, "fatal");
    }
  });
});

describe("a certificate authority's file that is not there", () => {
  testUnless(clientFeatures().missing["tls"], "is named, and not taken for a broker that is down", async () => {
    const settings = {
      ...baseProperties("127.0.0.1:1"),
      "security.protocol": "ssl",
      "ssl.ca.location": "/no/such/ca.pem",
    };
    for (const open of [() => openProducer(settings), () => openTestLoop(settings, ["t"], { groupId: "g" })]) {
      const error = await refusalOf(open);
      assert.match(error.message, /settings: a TLS file cannot be used: .*\/no\/such\/ca\.pem/);
      assert.equal(error.kind, "fatal");
    }
  });
});

describe("a line of librdkafka's log", () => {
  // As librdkafka 2.15 wrote them, against Apache Kafka 4.4.
  const lines: readonly (readonly [string, RegExp, boolean])[] = [
    [
      "[thrd:sasl_plaintext://127.0.0.1:9094/bootstrap]: sasl_plaintext://127.0.0.1:9094/bootstrap: SASL authentication error: Authentication failed: Invalid username or password (after 367ms in state AUTH_REQ)",
      /^wrong user name or password.*\(SASL authentication error: Authentication failed: Invalid username or password\)$/,
      true,
    ],
    [
      "[thrd:ssl://127.0.0.1:9095/bootstrap]: ssl://127.0.0.1:9095/bootstrap: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured (after 290ms in state SSL_HANDSHAKE)",
      /^the broker's certificate is not signed by a known authority/,
      true,
    ],
    [
      "[thrd:ssl://127.0.0.1:9092/bootstrap]: ssl://127.0.0.1:9092/bootstrap: SSL handshake failed: Disconnected: SSL connection closed by peer: connecting to a PLAINTEXT broker listener? (after 69ms in state SSL_HANDSHAKE)",
      /^this port does not speak TLS/,
      true,
    ],
    [
      "[thrd:sasl_plaintext://127.0.0.1:9092/bootstrap]: sasl_plaintext://127.0.0.1:9092/bootstrap: SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms:  (after 8ms in state AUTH_HANDSHAKE)",
      /^this listener does no SASL/,
      true,
    ],
    ["[thrd:h:9092/bootstrap]: h:9092/bootstrap: Something new (after 1ms in state CONNECT)", /^Something new$/, false],
  ];
  for (const [line, message, certain] of lines) {
    test(`gives the reason "${message.source.slice(0, 40)}"`, () => {
      const failure = connectionFailure({ severity: 3, fac: "FAIL", message: line });
      assert.match(failure?.message ?? "", message);
      assert.equal(failure?.certain, certain);
      assert.match(failure?.broker ?? "", /^(127\.0\.0\.1|h):\d+$/);
    });
  }

  test("about something else gives none", () => {
    assert.equal(connectionFailure({ severity: 6, fac: "REBALANCE", message: "x" }), undefined);
  });
});
