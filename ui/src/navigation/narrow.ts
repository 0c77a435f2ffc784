// What a list is narrowed to besides its place, as the address has it. Pure.

/** Conditions that all hold for the tasks of a list. Absent: any. */
export interface Narrow {
  /** The name of a project. */
  project?: string | undefined;
}

/** The conditions, in the order in which an address has them. */
const CONDITIONS = ["project"] as const satisfies readonly (keyof Narrow)[];

/** Conditions in the query of an address; unknown and empty ones are left out. */
export function parseNarrow(query: string): Narrow {
  const params = new URLSearchParams(query);
  const found = CONDITIONS.flatMap((condition) => {
    const value = params.get(condition);
    return value ? [[condition, value] as const] : [];
  });
  return Object.fromEntries(found);
}

/** The query of an address, with its `?`; empty without conditions. */
export function formatNarrow(narrow: Narrow): string {
  const params = new URLSearchParams();
  for (const condition of CONDITIONS) {
    const value = narrow[condition];
    if (value) params.set(condition, value);
  }
  const text = params.toString();
  return text ? `?${text}` : "";
}

export const isNarrow = (narrow: Narrow): boolean => formatNarrow(narrow) !== "";

export const sameNarrow = (a: Narrow, b: Narrow): boolean => formatNarrow(a) === formatNarrow(b);
