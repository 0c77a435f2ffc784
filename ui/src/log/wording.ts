// What blocks of the log say about the agent's own messages. Pure.
import { uiText } from "../language/uiText";
import { took } from "../words/time";
import { limitText, oneLine, retryReason } from "../words/verdict";
import type { Block, EndBlock, RetryBlock } from "./model";

/** A failed request to the API that is sent again. */
export function retryWords({ attempt, maxAttempts, reason, delayMs }: RetryBlock): string {
  const why = retryReason(oneLine(reason));
  return `Attempt ${attempt} of ${maxAttempts} failed: ${why}. Retrying after ${took(delayMs)}`;
}

/** The beginning of a session, or of its next turn. */
export function startedWords({
  again,
  model,
  version,
}: Extract<Block, { kind: "started" }>): string {
  const parts = [again ? uiText("Session goes on") : uiText("Session began")];
  if (model) parts.push(oneLine(model));
  if (version && !again) parts.push(`Claude Code ${oneLine(version)}`);
  return parts.join(" · ");
}

/** The error that a run ended with. */
export const endText = ({ text }: EndBlock): string => limitText(text, Date.now());
