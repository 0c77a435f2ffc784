// Confirmation before actions that cannot be undone. ConfirmDialog.svelte shows the question.

export interface Question {
  /** A question that names its object: "Remove task 12?" */
  title: string;
  /** What happens on confirmation. */
  text: string;
  /** The verb on the button. */
  verb: string;
  /** The label of the cancelling button; "Keep" by default. */
  otherwise?: string;
  /** Focuses the cancelling button, so that Enter alone does no harm. */
  danger?: boolean;
}

export interface Asked extends Question {
  /** Unique per question. */
  id: number;
  answer: (yes: boolean) => void;
}

/** The question on screen. */
export const asked = $state<{ now: Asked | undefined }>({ now: undefined });
let newest = 0;

/** Shows the question; true if it was confirmed. */
export function confirm(question: Question): Promise<boolean> {
  asked.now?.answer(false);
  return new Promise((resolve) => {
    const id = ++newest;
    asked.now = {
      ...question,
      id,
      answer: (yes) => {
        if (asked.now?.id === id) asked.now = undefined;
        resolve(yes);
      },
    };
  });
}
