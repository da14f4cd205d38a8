import type { OrderView } from "#contracts/http.ts";

const marks = { received: "…", created: "…", paid: "✓", rejected: "✕", cancelled: "↩" } as const;

/** By word and mark as well as by colour. */
export function StatusBadge({ status }: { status: OrderView["status"] }) {
  return (
    <span class={`badge ${status}`}>
      <span aria-hidden="true">{marks[status]}</span> {status}
    </span>
  );
}
