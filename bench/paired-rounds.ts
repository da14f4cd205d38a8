/** What was measured next to each other, without and with the thing whose cost is asked for. */
export interface Pair<T> {
  readonly none: T;
  readonly some: T;
}

/** Rounds of all, each first in turn, so that whatever changes with time changes for all. */
export async function pairedRounds<T, K extends string>(
  rounds: number,
  measure: { readonly [name in K]: (round: number) => Promise<T> },
  say: (round: number, measured: Readonly<Record<K, T>>) => void,
): Promise<readonly Readonly<Record<K, T>>[]> {
  const names = Object.keys(measure) as K[];
  const all: Record<K, T>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = round % names.length;
    const measured: Partial<Record<K, T>> = {};
    for (const name of [...names.slice(first), ...names.slice(0, first)]) measured[name] = await measure[name](round);
    all.push(measured as Record<K, T>);
    say(round, measured as Record<K, T>);
  }
  return all;
}

export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN;
}

/** The median of the rounds' ratios, and the least and the greatest, as text. */
export function ratioOf<T>(pairs: readonly Pair<T>[], of: (sample: T) => number): { ratio: number; text: string } {
  const ratios = pairs.map(({ none, some }) => of(some) / of(none));
  const ratio = median(ratios);
  return {
    ratio,
    text: `${ratio.toFixed(3)} (${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`,
  };
}
