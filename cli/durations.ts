const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration as people write it, such as `90s`, `15m`, `2h`, `7d`, in ms; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return number === undefined ? undefined : Number(number) * units[unit as keyof typeof units];
}

/** The same way round, in the largest unit that it fills. */
export function durationText(ms: number): string {
  const [unit, size] = Object.entries(units).findLast(([, each]) => ms >= each) ?? ["s", units.s];
  return `${Math.max(0, Math.floor(ms / size))}${unit}`;
}
