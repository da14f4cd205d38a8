/** What was written into the fields of the form that an event is of; empty ones are left out. */
export function formTexts(event: Event): Map<string, string> {
  const given = new Map<string, string>();
  for (const [name, value] of new FormData(event.currentTarget as HTMLFormElement)) {
    if (typeof value === "string" && value.trim() !== "") given.set(name, value.trim());
  }
  return given;
}
