// Turns log entries into the displayed blocks of a conversation. Pure.
//
// What comes at the end of the log is appended. When something comes or goes at any other
// place, all that is loaded is folded anew, so that the same entries always make the same blocks;
// `keep` then puts the blocks that did not change back in place, so that what is on screen stays.
import { textOf as textIn, unknownName } from "../words/unknown";
import type { DeniedTool, LogItem, Timestamp, ToolOutcome, Usage } from "../backend";
import type { ConversationEntry } from "./conversation";

/** Fields of every block. */
interface Base {
  /** Its key in the list: constant as long as it begins with the same entry. */
  key: string;
  /** The number of its entries: blocks with equal key and parts are equal. */
  parts: number;
  /** When it happened, if the agent reported it. */
  at?: Timestamp;
}

/** An image in the log: the place of the entry that has it, and its number there. */
export interface LogImage {
  offset: number;
  number: number;
}

/** A tool call, with its result once there is one. */
export interface ToolBlock extends Base {
  kind: "tool";
  tool: string;
  /** Its main argument in one line. */
  summary: string;
  /** All arguments as JSON text; truncated if very long. */
  input: string;
  result?: { outcome: ToolOutcome; text: string; at?: Timestamp; images?: LogImage[] };
}

/** A run of lines outside the agent's protocol. */
export interface OutputBlock extends Base {
  kind: "output";
  stderr: boolean;
  /** The lines, separated by line breaks. */
  text: string;
}

/** The agent retries a request to the API. */
export interface RetryBlock extends Base {
  kind: "retry";
  attempt: number;
  maxAttempts: number;
  delayMs: number;
  reason: string;
}

/** The agent reports the end of its work. */
export interface EndBlock extends Base {
  kind: "end";
  isError: boolean;
  /** The final answer or the error. Empty if it only repeats the text before it. */
  text: string;
  usage: Usage;
  denied: DeniedTool[];
}

export type Block =
  | (Base & { kind: "text"; text: string })
  | (Base & { kind: "thinking"; text: string })
  /** A run begins; `index` is its place among the runs of the task. */
  | (Base & { kind: "run"; index: number })
  | (Base & { kind: "started"; model?: string; version?: string; again: boolean })
  | (Base & { kind: "note"; text: string })
  | ToolBlock
  | RetryBlock
  | OutputBlock
  | EndBlock;

/**
 * Lines of plain output are grouped by their position in the log, not by number, so that the blocks
 * are the same wherever reading begins.
 */
const OUTPUT_BLOCK_BYTES = 4096;

/** The blocks of consecutive entries of one run's log. */
export function fold(entries: readonly ConversationEntry[]): Block[] {
  const blockList = new BlockList();
  blockList.add(entries);
  return [...blockList.blocks];
}

/** Blocks that grow with further entries. A changed block is replaced by a new object. */
export class BlockList {
  blocks: Block[] = [];
  /** Indexes of the tool calls in the list. */
  readonly #calls = new Map<string, number>();
  /** The newest text: the final answer usually repeats it. */
  #prose = "";
  #started = false;
  #offset = -1;
  /** The index of the last entry within its line: a line may yield several entries. */
  #place = 0;

  /** Appends the next entries of the log. */
  add(entries: readonly ConversationEntry[]) {
    for (const entry of entries) this.#add(entry);
  }

  #add(entry: ConversationEntry) {
    const { blocks } = this;
    this.#place = entry.offset === this.#offset ? this.#place + 1 : 0;
    this.#offset = entry.offset;
    const base: Base = { key: `${entry.offset}.${this.#place}`, parts: 1, at: entry.at };
    const at = blocks.length - 1;
    const last = blocks[at];
    switch (entry.type) {
      case "run":
        this.#started = entry.goesOn;
        this.#prose = "";
        blocks.push({ ...base, kind: "run", index: entry.index });
        break;
      case "started": {
        const { model, version } = entry;
        blocks.push({ ...base, kind: "started", model, version, again: this.#started });
        this.#started = true;
        break;
      }
      case "text":
        if (entry.text.trim() === "") break;
        this.#prose = entry.text.trim();
        blocks.push({ ...base, kind: "text", text: entry.text });
        break;
      case "thinking":
        if (entry.text.trim() === "") break;
        blocks.push({ ...base, kind: "thinking", text: entry.text });
        break;
      case "tool_call": {
        const { tool, summary, input } = entry;
        this.#calls.set(entry.id, blocks.length);
        blocks.push({ ...base, kind: "tool", tool, summary, input });
        break;
      }
      case "tool_result": {
        const index = this.#calls.get(entry.id) ?? -1;
        const call = blocks[index];
        // The result of a call that is not loaded is shown as soon as the call is.
        if (call?.kind !== "tool") break;
        const { outcome, text, at, offset, images = [] } = entry;
        const result: ToolBlock["result"] = { outcome, text, at };
        if (images.length) result.images = images.map((number) => ({ offset, number }));
        blocks[index] = { ...call, parts: call.parts + 1, result };
        break;
      }
      case "retry": {
        const { attempt, max_attempts: maxAttempts, delay_ms: delayMs, reason } = entry;
        const state = { attempt, maxAttempts, delayMs, reason };
        if (last?.kind === "retry" && last.reason === reason && last.attempt < attempt) {
          blocks[at] = { ...last, ...state, at: entry.at, parts: last.parts + 1 };
        } else {
          blocks.push({ ...base, kind: "retry", ...state });
        }
        break;
      }
      case "note":
        blocks.push({ ...base, kind: "note", text: entry.text });
        break;
      case "result": {
        const text = entry.text.trim() === this.#prose ? "" : entry.text;
        this.#prose = "";
        const { is_error: isError, usage, denied_tools: denied = [] } = entry;
        blocks.push({ ...base, kind: "end", isError, text, usage, denied });
        break;
      }
      case "output": {
        const stderr = entry.stderr ?? false;
        if (last?.kind === "output" && last.stderr === stderr && together(last, entry.offset)) {
          blocks[at] = { ...last, text: `${last.text}\n${entry.text}`, parts: last.parts + 1 };
        } else {
          blocks.push({ ...base, kind: "output", stderr, text: entry.text });
        }
        break;
      }
      default: {
        const words = `An entry this version does not know: ${unknownName(entry, "type")}`;
        blocks.push({ ...base, kind: "note", text: `${words} ${textIn(entry, "text")}`.trim() });
      }
    }
  }
}

/** What an agent is writing, as blocks that are replaced with every change. */
export function liveBlocks(items: readonly LogItem[]): Block[] {
  const blockList = new BlockList();
  blockList.add(items.map((item, index) => ({ ...item, offset: index })));
  return blockList.blocks.map((block, index) => ({ ...block, key: `live ${index}` }));
}

function together(block: OutputBlock, offset: number): boolean {
  const first = Number.parseInt(block.key, 10);
  const bucket = (at: number) => Math.floor(at / OUTPUT_BLOCK_BYTES);
  return bucket(first) === bucket(offset);
}

/** The new blocks, with unchanged ones replaced by their old objects. */
export function keep(before: readonly Block[], now: readonly Block[]): Block[] {
  const known = new Map(before.map((block) => [block.key, block]));
  return now.map((block) => {
    const old = known.get(block.key);
    return old && same(old, block) ? old : block;
  });
}

function same(old: Block, block: Block): boolean {
  if (old.kind !== block.kind || old.parts !== block.parts) return false;
  // These depend on earlier entries, which may have been loaded in the meantime.
  if (old.kind === "end" && block.kind === "end") return old.text === block.text;
  if (old.kind === "started" && block.kind === "started") return old.again === block.again;
  return true;
}
