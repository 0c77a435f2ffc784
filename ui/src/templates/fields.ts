// The fields of a template's prompt: `{{name}}`; `\{{name}}` is that text. Pure. The engine has the same rules
// in crates/agents/src/template.rs; both are tested with fields.json.

const FIELD = /(\\?)\{\{[ \t]*([\p{Alphabetic}_][\p{Alphabetic}\p{N}_-]{0,39})[ \t]*\}\}/gu;

/** The names of the fields, each once, in the order of the prompt. */
export function fieldsOf(prompt: string): string[] {
  const names = [...prompt.matchAll(FIELD)].flatMap(([, escaped, name]) =>
    escaped ? [] : [name!],
  );
  return [...new Set(names)];
}

/** The prompt with values in the places of its fields. A field without a value stays. */
export function fill(prompt: string, values: Record<string, string>): string {
  return prompt.replace(FIELD, (text, escaped: string, name: string) =>
    escaped ? text.slice(1) : (valueOf(values, name) ?? text),
  );
}

/** The fields that have no value yet. */
export function missing(prompt: string, values: Record<string, string>): string[] {
  return fieldsOf(prompt).filter((name) => (valueOf(values, name) ?? "").trim() === "");
}

/** A field may be called like something that every object has. */
function valueOf(values: Record<string, string>, name: string): string | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
