import process from "node:process";

/** Messages in a batch, as librdkafka-limit.c has them too. */
export const BATCH = 500;
export const GIVE_UP_MS = 60_000;

export interface Cost {
  readonly wallMs: number;
  /** Of this process, all its threads. */
  readonly cpuMs: number;
}

export function startClocks(): () => Cost {
  const wallStart = performance.now();
  const cpuStart = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpuStart);
    return { wallMs: performance.now() - wallStart, cpuMs: (user + system) / 1000 };
  };
}
