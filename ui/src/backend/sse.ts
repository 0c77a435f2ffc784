// Reading a stream of server-sent events from its text.

import { createParser, type EventSourceMessage } from "eventsource-parser";

/** A message that is longer than this, in characters, ends the stream with an error. */
const MAX_BUFFERED = 16 * 1024 * 1024;

/** Takes pieces of text as they arrive and returns the messages they complete. */
export class MessageReader {
  #complete: EventSourceMessage[] = [];
  #parser = createParser({
    onEvent: (message) => this.#complete.push(message),
    maxBufferSize: MAX_BUFFERED,
    onError: (error) => {
      if (error.type === "max-buffer-size-exceeded") throw error;
    },
  });

  /** The messages that `text` completes; `event` is absent for ordinary messages. */
  read(text: string): EventSourceMessage[] {
    this.#parser.feed(text);
    return this.#complete.splice(0);
  }
}
