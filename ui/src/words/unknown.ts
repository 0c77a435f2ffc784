// Values that a newer engine has added and this version does not know.
import { oneLine } from "./visibleText";
import { uiText } from "../language/uiText";

/**
 * The name of a value that is none of those the types know. By then TypeScript takes it for
 * impossible, so that it is looked at as what it is: JSON.
 */
export function unknownName(value: object, tag: string): string {
  return textOf(value, tag) || uiText("unknown");
}

/** A field of such a value that is text, in one line; empty where there is none. */
export function textOf(value: object, field: string): string {
  const found = (value as Record<string, unknown>)[field];
  return typeof found === "string" ? oneLine(found) : "";
}
