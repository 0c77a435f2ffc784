// Query strings in the form that the engine reads. Pure.
import type { ListQuery } from "./index";

type Value = string | number | boolean | readonly (string | number)[] | null | undefined;

/** A query string with its `?`. Absent, empty and false values are left out; lists are comma-separated. */
export function queryString(fields: Record<string, Value>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null || value === false) continue;
    const text = Array.isArray(value) ? value.join(",") : String(value);
    if (text !== "") params.set(name, text);
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

/** The query string for a list of tasks. */
export function listQuery({ statuses, ...rest }: ListQuery): string {
  return queryString({ status: statuses, ...rest });
}
