import { expect, it } from "vitest";
import { asksForCode, linkIn, outcomeWords } from "./setupLog";

const SIGN_IN = `Opening browser to sign in…
If the browser didn't open, visit:
https://claude.ai/oauth/authorize?code=true&client_id=1&state=x_Y-z
Paste code here if prompted > `;

it("finds the address of Claude Code's sign-in once it is whole", () => {
  const address = "https://claude.ai/oauth/authorize?code=true&client_id=1&state=x_Y-z";
  expect(linkIn(SIGN_IN)).toBe(address);
  expect(linkIn("visit:\nhttps://claude.ai/oauth/auth")).toBeUndefined();
  expect(linkIn("http://evil.example/ javascript:alert(1) ")).toBeUndefined();
});

it("knows when a code is asked for", () => {
  expect(asksForCode(SIGN_IN)).toBe(true);
  expect(asksForCode("added 1 package in 8s")).toBe(false);
});

it("says how a command ended", () => {
  expect(outcomeWords(undefined)).toBe("Running");
  expect(outcomeWords({ code: 0 })).toContain("Done");
  expect(outcomeWords({ code: 243 })).toContain("code 243");
  expect(outcomeWords({ code: null })).toBe("It was stopped.");
});
