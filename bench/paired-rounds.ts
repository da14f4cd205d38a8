/** What was measured next to each other, without and with the thing whose cost is asked for. */
export interface Pair<T> {
  readonly none: T;
  readonly some: T;
}

/** Rounds of both, each first in turn, so that whatever changes with time changes for both. */
export async function pairedRounds<T>(
  rounds: number,
  measure: { readonly none: (round: number) => Promise<T>; readonly some: (round: number) => Promise<T> },
  say: (round: number, pair: Pair<T>) => void,
): Promise<readonly Pair<T>[]> {
  const pairs: Pair<T>[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2 === 0 ? "none" : "some";
    const second = first === "none" ? "some" : "none";
    const one = await measure[first](round);
    const other = await measure[second](round);
    const pair: Pair<T> = first === "none" ? { none: one, some: other } : { none: other, some: one };
    pairs.push(pair);
    say(round, pair);
  }
  return pairs;
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
