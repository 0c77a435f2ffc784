import { expect, it } from "vitest";
import type { About } from "../backend";
import { installedBy, newerWords, reportOf, updateWords } from "./words";

const about: About = {
  version: "0.1.0",
  license: "MIT",
  system: "linux x86_64",
  data_directory: "/home/ada/.claude-worker",
  program: "/usr/bin/claude-worker-app",
  claude: { path: "/usr/bin/claude", version: "2.1.330 (Claude Code)" },
  installation: {
    by: "deb",
    package: "claude-worker",
    update: "sudo apt install --only-upgrade claude-worker",
    newer: "0.2.0",
  },
};

it("says where it came from and what is newer, without promising a look into the network", () => {
  expect(installedBy(about.installation)).toBe("the package for Debian and Ubuntu, claude-worker");
  expect(newerWords(about.installation)).toBe("Version 0.2.0 is available.");
  expect(newerWords({ by: "deb" })).toBe("apt knows no newer version.");
  expect(newerWords({ by: "npm" })).toContain("does not look");
  expect(updateWords(about.installation)).toBe("");
  expect(updateWords({ by: "archive" })).toContain("install.sh");
  // A newer engine may know further ones.
  expect(installedBy({ by: "snap" as "deb" })).toBe("snap");
  expect(updateWords({ by: "snap" as "deb" })).toContain("in the way");
});

it("puts everything that is known into a report", () => {
  expect(reportOf(about, "0.1.0").split("\n")).toEqual([
    "Claude Worker: 0.1.0",
    "System: linux x86_64",
    "Installed by: the package for Debian and Ubuntu, claude-worker",
    "Newer version: 0.2.0",
    "Program: /usr/bin/claude-worker-app",
    "Data directory: /home/ada/.claude-worker",
    "Claude Code: 2.1.330 (Claude Code) (/usr/bin/claude)",
  ]);
  expect(reportOf({ ...about, claude: undefined, commit: "abc" }, "0.2.0")).toMatch(
    /App: 0\.2\.0\nCommit: abc\n[^]*Claude Code: not found/,
  );
});
