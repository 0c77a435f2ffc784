// Follow-ups that were written but not sent, as long as the window lives.
import type { TaskId } from "../backend";

export const drafts = new Map<TaskId, string>();
