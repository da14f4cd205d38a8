/** Gives each distinct value a small number, so that the search compares and stores numbers only. */
export interface Interner<T> {
  idOf(value: T): number;
  valueOf(id: number): T;
  readonly size: number;
}

/** Values are equal when their JSON is, whatever the order of their keys; `onNew` sees each distinct one once. */
export function createInterner<T>(onNew: (value: T, id: number) => void = () => {}): Interner<T> {
  const ids = new Map<string, number>();
  const values: T[] = [];
  return {
    idOf(value) {
      const key = JSON.stringify(value, sortKeys);
      const known = ids.get(key);
      if (known !== undefined) return known;
      onNew(value, values.length);
      ids.set(key, values.length);
      return values.push(value) - 1;
    },
    valueOf(id) {
      if (id >= values.length) throw new RangeError(`no value has the id ${id}`);
      return values[id] as T;
    },
    get size() {
      return values.length;
    },
  };
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A set of tuples of small numbers, each with its index in order of arrival: the states that a search has seen. */
export interface TupleTable {
  /** Index of the tuple; it is new when the index is the size that the table had before. */
  add(tuple: Int32Array): number;
  read(index: number, into: Int32Array): void;
  readonly size: number;
}

/** Open addressing over flat arrays: a Map with string keys needs five times the time and ten times the memory. */
export function createTupleTable(width: number): TupleTable {
  let cells = new Int32Array(width * 1024);
  let buckets = new Int32Array(4096).fill(-1);
  let size = 0;

  const bucketOf = (tuple: Int32Array, offset: number) => {
    let hash = 0;
    for (let i = 0; i < width; i++) hash = (Math.imul(hash, 0x9e3779b1) + tuple[offset + i]! + (hash >>> 15)) | 0;
    return (Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0) & (buckets.length - 1);
  };
  const isAt = (index: number, tuple: Int32Array) => {
    const offset = index * width;
    for (let i = 0; i < width; i++) if (cells[offset + i] !== tuple[i]) return false;
    return true;
  };
  const grow = () => {
    if ((size + 1) * width > cells.length) {
      const larger = new Int32Array(cells.length * 2);
      larger.set(cells);
      cells = larger;
    }
    if (size * 2 < buckets.length) return;
    buckets = new Int32Array(buckets.length * 4).fill(-1);
    for (let index = 0; index < size; index++) {
      let bucket = bucketOf(cells, index * width);
      while (buckets[bucket] !== -1) bucket = (bucket + 1) & (buckets.length - 1);
      buckets[bucket] = index;
    }
  };

  return {
    add(tuple) {
      grow();
      let bucket = bucketOf(tuple, 0);
      for (let index = buckets[bucket]!; index !== -1; index = buckets[bucket]!) {
        if (isAt(index, tuple)) return index;
        bucket = (bucket + 1) & (buckets.length - 1);
      }
      cells.set(tuple, size * width);
      buckets[bucket] = size;
      return size++;
    },
    read(index, into) {
      for (let i = 0; i < width; i++) into[i] = cells[index * width + i]!;
    },
    get size() {
      return size;
    },
  };
}
