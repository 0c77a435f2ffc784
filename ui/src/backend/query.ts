// Queries as the engine reads them from an address. Pure.
import type { QueryValue } from "./calls";

/** A query string with its `?`, without what is absent, empty or false; lists have commas. */
export function queryString(fields: Record<string, QueryValue>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null || value === false) continue;
    const text = Array.isArray(value) ? value.join(",") : String(value);
    if (text !== "") params.set(name, text);
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}
