"use strict";

const { spawn } = require("node:child_process");
const { closeSync } = require("node:fs");
const { constants } = require("node:os");

/** The program in the package for this platform. npm installs only the one that fits. */
function find(name) {
  const platform = `claude-worker-${process.platform}-${process.arch}`;
  try {
    return require.resolve(`${platform}/bin/${name}`);
  } catch {
    console.error(
      `claude-worker: the package ${platform} is not installed. There are programs for Linux on x86-64; ` +
        "if this is such a machine, install again without --omit=optional.",
    );
    process.exit(1);
  }
}

/** Becomes the program, or where Node.js cannot do that, runs it and ends as it ends. */
module.exports = function launch(name) {
  const program = find(name);
  const args = process.argv.slice(2);
  if (typeof process.execve === "function") {
    // It replaces this process, or throws.
    process.removeAllListeners("warning");
    process.execve(program, [name, ...args]);
  }
  const child = spawn(program, args, { stdio: "inherit" });
  // The program looks who else reads its standard input: only itself.
  if (!process.stdin.isTTY) closeSync(0);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"]) {
    // A terminal sends Ctrl-C to both, so this process only waits.
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdout.isTTY) child.kill(signal);
    });
  }
  child.on("error", (error) => {
    console.error(`claude-worker: cannot start ${program}: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    process.exit(signal ? 128 + constants.signals[signal] : code);
  });
};
