// What each agent can do, as the engine tells it. Nothing else goes by an agent's name.
import type { Agent, AgentInfo, Capability } from "../backend";
import { KNOWN_AGENTS } from "./knownAgents";
import { translated } from "../language/translated";

class Agents {
  /** Those of this version, until an engine has told its own. */
  all = $state.raw<readonly AgentInfo[]>(KNOWN_AGENTS);

  /** Takes what an engine tells; one of an earlier version tells nothing. */
  learn(told: AgentInfo[] | undefined) {
    if (told?.length) this.all = told;
  }

  /** The agent of a request that names none. */
  get usual(): Agent {
    return KNOWN_AGENTS[0]!.name;
  }

  can(agent: Agent, capability: Capability): boolean {
    return this.find(agent)?.capabilities.includes(capability) ?? false;
  }

  /** An agent's name for people. */
  label(agent: Agent): string {
    const label = this.find(agent)?.label;
    // Those of this version have a translation.
    return label === undefined ? agent : translated(label);
  }

  find(agent: string): AgentInfo | undefined {
    return this.all.find(({ name }) => name === agent);
  }
}

export const agents = new Agents();
