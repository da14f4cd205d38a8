/** What of Nan, v8, node and libuv a C++ source may ask for, by prefix. */
const PATTERN = /\b(?:Nan|v8|node)::(?:\w+::)*\w+|\b(?:uv_\w+|UV_\w+|NAUV_\w+|NAN_\w+|NODE_\w+)\b/g;

/** The names that C++ sources ask of Nan, v8, node and libuv, sorted; comments and texts are no code. */
export function askedNames(sources: readonly string[]): string[] {
  const names = sources.flatMap((source) => withoutComments(source).match(PATTERN) ?? []);
  return [...new Set(names)].toSorted();
}

/** Those of `asked` whose every part no source offers: the compiler may still object to how one is used. */
export function missingNames(asked: readonly string[], offering: readonly string[]): string[] {
  const words = new Set(offering.flatMap((source) => withoutComments(source).match(/\w+/g) ?? []));
  return asked.filter((name) => !name.split("::").every((part) => words.has(part)));
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[^]*?\*\/|\/\/.*|"(?:\\.|[^"\\\n])*"/g, " ");
}
