// Asking before something that cannot be undone. ConfirmDialog.svelte, once in the window, draws it.

export interface Question {
  /** A question that names what it is about: "Remove task 12?" */
  title: string;
  /** What happens then. */
  text: string;
  /** The verb on the button. */
  verb: string;
  /** The verb on the button that does nothing; "Keep" by default. */
  otherwise?: string;
  /** The keyboard is then on the other button: Enter alone does no harm. */
  danger?: boolean;
}

export interface Asked extends Question {
  /** No two questions have the same. */
  id: number;
  answer: (yes: boolean) => void;
}

/** The question on screen. */
export const asked = $state<{ now: Asked | undefined }>({ now: undefined });
let newest = 0;

/** Asks, and says whether the answer was yes. */
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
