import { expect, it } from "vitest";
import { rulesIn } from "./toolRules";

it("rules stand on lines or between commas, and may contain commas in parentheses", () => {
  expect(rulesIn("Edit, Write,,\n Bash(git log:*, git diff:*),Read")).toEqual([
    "Edit",
    "Write",
    "Bash(git log:*, git diff:*)",
    "Read",
  ]);
  expect(rulesIn("Bash(open\nRead")).toEqual(["Bash(open", "Read"]);
  const nested = "Bash(node -e 'f(a,b(c)), 1'),Read";
  expect(rulesIn(nested)).toEqual(["Bash(node -e 'f(a,b(c)), 1')", "Read"]);
  expect(rulesIn(" , ")).toEqual([]);
});
