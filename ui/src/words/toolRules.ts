// Lists of rules for tools, as people write them. Pure.

/** The rules of a list, one per line or between commas; commas inside parentheses belong to a rule. */
export function rulesIn(list: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let rule = "";
  for (const c of `${list}\n`) {
    if (c === "(") depth += 1;
    if (c === ")") depth = Math.max(0, depth - 1);
    if (c === "\n" || (c === "," && depth === 0)) {
      if (rule.trim() !== "") found.push(rule.trim());
      rule = "";
      if (c === "\n") depth = 0;
    } else {
      rule += c;
    }
  }
  return found;
}
