/** `work`, but called only when its last call has ended, in the order of the calls. */
export function oneAtATime<T, R>(work: (item: T) => Promise<R>): (item: T) => Promise<R> {
  let last: Promise<unknown> = Promise.resolve();
  return (item) => {
    const result = last.then(() => work(item));
    last = result.catch(() => undefined);
    return result;
  };
}
