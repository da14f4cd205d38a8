import type { Socket } from "bun";

/** Keep-alive connections, each with at most one request under way. */
export interface Connections {
  /** Sends on a connection that waits for nothing; false: there is none. `bytes` may be overwritten afterwards. */
  send(bytes: Buffer, request: number): boolean;
  close(): void;
}

interface Slot {
  /** The request that it waits for; -1: none. */
  request: number;
  /** Of an answer that came in parts. */
  received: Buffer | undefined;
  /** What the socket did not take yet. */
  unsent: Buffer | undefined;
}

/**
 * Raw HTTP/1.1: a client of a library costs as much as the service that it is to measure.
 * @param onAnswer gets the status and the whole answer
 */
export async function openConnections(
  port: number,
  count: number,
  onAnswer: (request: number, status: number, answer: string) => void,
  onError: (error: Error) => void,
): Promise<Connections> {
  const idle: Socket<Slot>[] = [];
  const all = new Set<Socket<Slot>>();
  let closing = false;

  const socket = {
    data(connection: Socket<Slot>, chunk: Buffer) {
      const slot = connection.data;
      const bytes = slot.received === undefined ? chunk : Buffer.concat([slot.received, chunk]);
      const answer = wholeAnswer(bytes);
      if (answer === undefined) {
        slot.received = Buffer.from(bytes);
        return;
      }
      slot.received = undefined;
      const { request } = slot;
      slot.request = -1;
      idle.push(connection);
      onAnswer(request, Number(answer.slice(9, 12)), answer);
    },
    drain(connection: Socket<Slot>) {
      const { unsent } = connection.data;
      if (unsent !== undefined) write(connection, unsent);
    },
    error: (_connection: Socket<Slot>, error: Error) => onError(error),
    close(connection: Socket<Slot>) {
      if (closing) return;
      all.delete(connection);
      if (connection.data.request >= 0) return onError(new Error("intake closed a connection instead of answering"));
      // A server closes what is idle for long.
      idle.splice(idle.indexOf(connection), 1);
      open().catch(onError);
    },
  };
  async function open(): Promise<void> {
    const data: Slot = { request: -1, received: undefined, unsent: undefined };
    const connection = await Bun.connect<Slot>({ hostname: "127.0.0.1", port, data, socket });
    idle.push(connection);
    all.add(connection);
  }
  for (let opened = 0; opened < count; opened++) await open();
  return {
    send(bytes, request) {
      const connection = idle.pop();
      if (connection === undefined) return false;
      connection.data.request = request;
      write(connection, bytes);
      return true;
    },
    close() {
      closing = true;
      for (const connection of all) connection.end();
    },
  };
}

function write(connection: Socket<Slot>, bytes: Buffer): void {
  const written = Math.max(0, connection.write(bytes));
  connection.data.unsent = written < bytes.length ? Buffer.from(bytes.subarray(written)) : undefined;
}

/** The text of an answer once all of it is there. Intake gives every answer a length. */
function wholeAnswer(bytes: Buffer): string | undefined {
  const text = bytes.toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
  if (length === undefined) throw new Error(`an answer without a length: ${text.slice(0, end)}`);
  return bytes.length >= end + 4 + Number(length) ? text : undefined;
}
