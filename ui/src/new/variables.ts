// Validation and parsing of environment variables. Pure.

export type Variable = { name: string; value: string };

/** The first invalid variable and why; empty rows are ignored. */
export function wrongVariable(
  variables: Variable[],
): { index: number; message: string } | undefined {
  const names = new Set<string>();
  for (const [index, variable] of variables.entries()) {
    const name = variable.name.trim();
    if (name === "" && variable.value === "") continue;
    if (!/^[^=\0\s]+$/.test(name)) {
      return { index, message: "A variable needs a name without spaces or =." };
    }
    if (names.has(name)) return { index, message: `${name} is defined twice.` };
    names.add(name);
  }
  return undefined;
}

/** Parses lines like `NAME=value` of an .env file or a shell script; undefined for other text. */
export function variablesIn(text: string): Variable[] | undefined {
  const found: Variable[] = [];
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*(#|$)/.test(line)) continue;
    const parts = /^\s*(?:export\s+)?([^=\s]+)=(.*?)\s*$/.exec(line);
    if (!parts) return undefined;
    const [, name = "", value = ""] = parts;
    found.push({ name, value: /^(["']).*\1$/.test(value) ? value.slice(1, -1) : value });
  }
  return found.length > 0 ? found : undefined;
}
