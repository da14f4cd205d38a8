/**
 * An amount of a currency's minor unit as people write it, in the viewer's language. Exact up to 2^53: the digits are placed as
 * text, never divided.
 */
export function money(amountMinor: number, currency: string): string {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  const text = String(Math.abs(amountMinor)).padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits);
  const decimal = digits === 0 ? whole : `${whole}.${text.slice(-digits)}`;
  // Written as a number by ECMA-402's own parser of decimal texts, which TypeScript knows as a type of literals.
  return format.format(`${amountMinor < 0 ? "-" : ""}${decimal}` as `${number}`);
}
