/**
 * Reads comma-separated values as RFC 4180 has them: fields in double quotes may hold commas, line breaks and doubled
 * quotes. Lines end in LF or CRLF; the last may do without. Throws an Error with the line's number where quotes are wrong.
 */
export function parseCsv(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  let at = 0;
  while (at < text.length) {
    const field = text[at] === '"' ? quotedField(text, at) : plainField(text, at);
    record.push(field.value);
    at = field.end;
    if (text[at] === ",") {
      at += 1;
      // A comma that ends the text is followed by an empty field.
      if (at < text.length) continue;
      record.push("");
    }
    if (text.startsWith("\r\n", at)) at += 2;
    else if (text[at] === "\n") at += 1;
    records.push(record);
    record = [];
  }
  return records;
}

interface Field {
  readonly value: string;
  /** Where the comma, the line break or the end of the text is. */
  readonly end: number;
}

function plainField(text: string, start: number): Field {
  let end = start;
  while (end < text.length && !isFieldEnd(text, end)) {
    if (text[end] === '"') throw broken(text, end, "a quote inside a field that does not begin with one");
    end += 1;
  }
  return { value: text.slice(start, end), end };
}

function quotedField(text: string, start: number): Field {
  let value = "";
  let from = start + 1;
  for (;;) {
    const quote = text.indexOf('"', from);
    if (quote === -1) throw broken(text, start, "a quoted field that does not end");
    value += text.slice(from, quote);
    from = quote + 1;
    if (text[from] !== '"') break;
    value += '"';
    from += 1;
  }
  if (from < text.length && !isFieldEnd(text, from)) throw broken(text, from, "text after a quoted field");
  return { value, end: from };
}

function isFieldEnd(text: string, at: number): boolean {
  return text[at] === "," || text[at] === "\n" || text.startsWith("\r\n", at);
}

function broken(text: string, at: number, what: string): Error {
  return new Error(`line ${text.slice(0, at).split("\n").length}: ${what}`);
}
