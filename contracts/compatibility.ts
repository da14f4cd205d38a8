/** The part of JSON Schema that the contracts use. Another keyword is compared word for word. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly [keyword: string]: unknown;
}

const judged = ["type", "properties", "required", "additionalProperties", "items", "enum", "const", "anyOf"];
/** Texts for people. */
const ignored = ["$schema", "description", "title"];
/** The writer's number must not be beyond the reader's: below these ... */
const lowerBounds = ["minimum", "exclusiveMinimum", "minLength", "minItems"];
/** ... nor above these. */
const upperBounds = ["maximum", "exclusiveMaximum", "maxLength", "maxItems"];

/**
 * What a reader that holds messages to one schema would refuse of a writer that keeps to another; empty: it reads them all.
 * With today's reader and what was published as the writer it is backward compatibility (old messages lie in topics and
 * outboxes), the other way round forward compatibility (old instances read on while new ones write).
 */
export function refusals(reader: Schema, writer: Schema, path = "data"): string[] {
  if (writer.anyOf) return writer.anyOf.flatMap((one) => refusals(reader, one, path));
  if (reader.anyOf) {
    const each = reader.anyOf.map((one) => refusals(one, writer, path));
    return each.some((found) => found.length === 0) ? [] : [`${path}: none of the alternatives takes it`];
  }
  return [
    ...typeRefusals(reader, writer, path),
    ...wordRefusals(reader, writer, path),
    ...boundRefusals(reader, writer, path),
    ...otherRefusals(reader, writer, path),
    ...propertyRefusals(reader, writer, path),
    ...(reader.items ? refusals(reader.items, writer.items ?? {}, `${path}[]`) : []),
  ];
}

function typeRefusals({ type: read }: Schema, { type: written }: Schema, path: string): string[] {
  const isTaken = read === undefined || read === written || (read === "number" && written === "integer");
  return isTaken ? [] : [`${path}: is ${written ?? "anything"}, must be ${read}`];
}

const wordsOf = (schema: Schema) => schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);

function wordRefusals(reader: Schema, writer: Schema, path: string): string[] {
  const read = wordsOf(reader);
  const written = wordsOf(writer);
  if (read === undefined) return [];
  if (written === undefined) return [`${path}: is any word, must be one of ${read.join(", ")}`];
  return written.filter((word) => !read.includes(word)).map((word) => `${path}: ${String(word)} is not known`);
}

function boundRefusals(reader: Schema, writer: Schema, path: string): string[] {
  const beyond = (keyword: string, isBeyond: (read: number, written: number) => boolean) => {
    const [read, written] = [reader[keyword], writer[keyword]];
    if (typeof read !== "number") return [];
    if (typeof written === "number" && !isBeyond(read, written)) return [];
    return [`${path}: ${keyword} is ${JSON.stringify(written ?? null)}, must keep to ${read}`];
  };
  return [
    ...lowerBounds.flatMap((keyword) => beyond(keyword, (read, written) => written < read)),
    ...upperBounds.flatMap((keyword) => beyond(keyword, (read, written) => written > read)),
  ];
}

function otherRefusals(reader: Schema, writer: Schema, path: string): string[] {
  const others = Object.keys(reader).filter(
    (keyword) => ![...judged, ...ignored, ...lowerBounds, ...upperBounds].includes(keyword),
  );
  return others
    .filter((keyword) => JSON.stringify(reader[keyword]) !== JSON.stringify(writer[keyword]))
    .map(
      (keyword) =>
        `${path}: ${keyword} is ${JSON.stringify(writer[keyword])}, must be ${JSON.stringify(reader[keyword])}`,
    );
}

function propertyRefusals(reader: Schema, writer: Schema, path: string): string[] {
  const missing = (reader.required ?? [])
    .filter((name) => !writer.required?.includes(name))
    .map((name) => `${path}.${name}: may be missing`);
  const wrong = Object.entries(writer.properties ?? {}).flatMap(([name, written]) => {
    const read = reader.properties?.[name];
    if (read !== undefined) return refusals(read, written, `${path}.${name}`);
    return reader.additionalProperties === false ? [`${path}.${name}: is not known`] : [];
  });
  return [...missing, ...wrong];
}
