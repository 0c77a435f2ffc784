// Builds the output of Claude Code (`--output-format stream-json`). The shapes are
// those of the recorded transcripts in crates/agents/tests/transcripts.

/** How a tool call ended. */
export type Outcome = "ok" | "error" | "denied";

/** How the agent ends its work. */
export interface Ending {
  result: string;
  cost?: number;
  turns?: number;
  /** An error of the API: its HTTP status. */
  status?: number;
}

export class Transcript {
  #lines: object[] = [];
  #calls = 0;
  #denied: object[] = [];
  readonly #session: string;
  /** When the next line is printed, in milliseconds since the epoch. */
  #at: number;

  /** `directory` is the one the agent works in; `started` is when it began. */
  constructor(
    readonly directory: string,
    model = "opus",
    started = Date.now(),
  ) {
    this.#at = started;
    this.#session = crypto.randomUUID();
    this.#lines.push({
      type: "system",
      subtype: "init",
      cwd: directory,
      session_id: this.#session,
      model,
      claude_code_version: "2.1.330",
      tools: [],
    });
  }

  says(text: string): this {
    return this.#assistant({ type: "text", text }, 2000);
  }

  thinks(thinking: string): this {
    return this.#assistant({ type: "thinking", thinking }, 2000);
  }

  /** Calls a tool; without an answer it is still at it. */
  calls(
    name: string,
    input: object,
    answer?: { text?: string; outcome?: Outcome; took?: number },
  ): this {
    const id = `toolu_${++this.#calls}`;
    this.#assistant({ type: "tool_use", id, name, input }, 700);
    if (!answer) return this;
    const { text = "", outcome = "ok", took = 150 } = answer;
    this.#at += took;
    const denied = outcome === "denied";
    if (denied) this.#denied.push({ tool_name: name, tool_use_id: id, tool_input: input });
    this.#print({
      type: "user",
      message: {
        role: "user",
        content: [
          {
            tool_use_id: id,
            type: "tool_result",
            content: text,
            ...(outcome === "ok" ? {} : { is_error: true }),
          },
        ],
      },
      timestamp: new Date(this.#at).toISOString(),
      tool_result_meta: [
        { id, permission_decision: { decision: denied ? "reject" : "accept", source: "config" } },
      ],
    });
    return this;
  }

  retries(attempt: number, delay: number, status: number, error: string): this {
    this.#at += delay;
    return this.#print({
      type: "system",
      subtype: "api_retry",
      attempt,
      max_retries: 10,
      retry_delay_ms: delay,
      error_status: status,
      error,
    });
  }

  /** The account's usage limit is reached until then. */
  limitReached(resets: number): this {
    return this.#print({
      type: "rate_limit_event",
      rate_limit_info: {
        status: "rejected",
        resetsAt: Math.floor(resets / 1000),
        rateLimitType: "five_hour",
      },
    });
  }

  ends({ result, cost = 0, turns = 1, status }: Ending): this {
    return this.#print({
      type: "result",
      subtype: "success",
      is_error: status !== undefined,
      ...(status === undefined ? {} : { api_error_status: status, terminal_reason: "api_error" }),
      result,
      total_cost_usd: cost,
      num_turns: turns,
      usage: {
        input_tokens: 400 * turns,
        output_tokens: 620 * turns,
        cache_read_input_tokens: 9100 * turns,
        cache_creation_input_tokens: 700 * turns,
      },
      permission_denials: this.#denied,
    });
  }

  /** The text, a line for each message. */
  toString(): string {
    return this.#lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  }

  #assistant(block: object, took: number): this {
    this.#at += took;
    return this.#print({
      type: "assistant",
      message: { role: "assistant", content: [block] },
      timestamp: new Date(this.#at).toISOString(),
    });
  }

  #print(line: object): this {
    this.#lines.push({ ...line, session_id: this.#session });
    return this;
  }
}
