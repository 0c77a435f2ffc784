// What is installed, in words. Pure.
import type { About, Installation } from "../backend";

const INSTALLERS: Record<Installation["by"], string> = {
  deb: "the package for Debian and Ubuntu",
  rpm: "the RPM package",
  archive: "install.sh",
  npm: "npm",
  pip: "pip",
  uv: "uv",
  pipx: "pipx",
  cargo: "Cargo",
  container: "a container image",
  build: "a build of the source code",
  unclear: "something unknown",
};

/** How an installation without a single command is updated. */
const OTHERWISE: Partial<Record<Installation["by"], string>> = {
  archive: "Run the install.sh of the newer release.",
  cargo: "Update the clone with git pull, then run cargo install again there.",
  container: "Build or pull the newer image, then start the container again.",
  build: "Update the clone with git pull, then build again.",
  unclear: "Install the newer version in the way this one was installed.",
};

/** How the program came onto the machine. */
export function installedBy({ by, package: name }: Installation): string {
  const words = INSTALLERS[by] ?? by;
  return name ? `${words}, ${name}` : words;
}

/** How it is updated, where no command does that. */
export function updateWords({ by, update }: Installation): string {
  return update ? "" : (OTHERWISE[by] ?? OTHERWISE.unclear!);
}

/** What is known of newer versions. Nothing is asked of the network. */
export function newerWords({ by, newer }: Installation): string {
  if (newer) return `Version ${newer} is available.`;
  if (by === "deb") return "apt knows no newer version.";
  return "Claude Worker does not look for newer versions in the network.";
}

/** Everything as lines for a report. */
export function reportOf(about: About, app: string | undefined): string {
  const { claude, installation } = about;
  const rows: [string, string | undefined][] = [
    ["Claude Worker", about.version],
    ["App", app === about.version ? undefined : app],
    ["Commit", about.commit],
    ["System", about.system],
    ["Installed by", installedBy(installation)],
    ["Newer version", installation.newer],
    ["Program", about.program],
    ["Data directory", about.data_directory],
    [
      "Claude Code",
      claude ? `${claude.version ?? "of unknown version"} (${claude.path})` : "not found",
    ],
  ];
  return rows.flatMap(([name, value]) => (value ? [`${name}: ${value}`] : [])).join("\n");
}
