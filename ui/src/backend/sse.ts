// Reading a stream of server-sent events from its text. Pure.

/** One message of a stream. */
export interface Message {
  /** Its kind; "message" when none was said. */
  event: string;
  data: string;
  id: string | undefined;
}

/** Takes pieces of text as they come and gives back the messages they complete. */
export class MessageReader {
  #rest = "";

  read(text: string): Message[] {
    const messages: Message[] = [];
    const blocks = (this.#rest + text).replaceAll("\r\n", "\n").split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const message = readBlock(block);
      if (message) messages.push(message);
    }
    return messages;
  }
}

function readBlock(block: string): Message | undefined {
  let event = "message";
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    // A line that begins with a colon is a comment: it only keeps the connection alive.
    if (colon === 0) continue;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  if (!data.length && event === "message") return undefined;
  return { event, data: data.join("\n"), id };
}
