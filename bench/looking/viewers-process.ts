// Viewers of intake's page: bun viewers-process.ts PORT COUNT. Of ten, seven read the overview's stream, one an order's, one reads a
// piece every few seconds, and one never reads. Says "watching", and when a line comes in, whether those that read were told.
import { connect, type Socket } from "node:net";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const [port, count] = process.argv.slice(2).map(Number);
type Kind = "overview" | "order" | "slow" | "dead";
const kinds: readonly Kind[] = ["overview", "order", "slow", "dead", ...Array<Kind>(6).fill("overview")];

interface Viewer {
  readonly kind: Kind;
  readonly socket: Socket;
  events: number;
}

const { orders } = (await (await fetch(`http://127.0.0.1:${port}/orders?limit=1`)).json()) as {
  orders: { id: string }[];
};
const orderPath = `/orders/${orders[0]?.id}/events`;

function open(kind: Kind): Viewer {
  const socket = connect(port ?? 0, "127.0.0.1");
  const viewer: Viewer = { kind, socket, events: 0 };
  socket.on("error", () => undefined);
  const path = kind === "order" ? orderPath : "/events";
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n\r\n`);
  if (kind === "dead") {
    socket.pause();
    return viewer;
  }
  socket.on("data", (piece: Buffer) => {
    if (piece.includes(kind === "order" ? "event: order" : "event: now")) viewer.events += 1;
    if (kind !== "slow") return;
    socket.pause();
    setTimeout(() => socket.resume(), 3_000);
  });
  return viewer;
}

const viewers = Array.from({ length: count ?? 0 }, (_, index) => open(kinds[index % kinds.length] ?? "overview"));
const beganAtMs = performance.now();
const reading = viewers.filter(({ kind }) => kind === "overview" || kind === "order");
while (reading.some(({ events }) => events === 0)) await delay(50);
process.stdout.write("watching\n");
await new Promise((resolve) => process.stdin.once("data", resolve));
const seconds = (performance.now() - beganAtMs) / 1_000;
// A turn of intake's may be late at full load.
const least = Math.floor(seconds * 0.8) - 1;
const missed = reading.filter(({ kind, events }) => kind === "overview" && events < least);
const fewest = Math.min(...reading.flatMap(({ kind, events }) => (kind === "overview" ? [events] : [])));
process.stdout.write(
  missed.length === 0
    ? `all were told: ${fewest} events at least in ${seconds.toFixed(0)} s\n`
    : `${missed.length} viewers were told less than ${least} events in ${seconds.toFixed(0)} s, one of them ${fewest}\n`,
);
process.exit(0);
