import { describe, expect, it } from "vitest";
import { MessageReader } from "./sse";

const STREAM =
  ': hello\n\nid: 7\ndata: {"seq":7}\n\nevent: gap\ndata:\n\nid: 8\ndata: {"a":\ndata: 1}\n\n';

describe("a stream of messages", () => {
  it("is read wherever it is cut", () => {
    const whole = new MessageReader().read(STREAM);
    expect(whole).toEqual([
      { event: undefined, data: '{"seq":7}', id: "7" },
      { event: "gap", data: "", id: undefined },
      { event: undefined, data: '{"a":\n1}', id: "8" },
    ]);
    for (let cut = 1; cut < STREAM.length; cut++) {
      const reader = new MessageReader();
      const parts = [...reader.read(STREAM.slice(0, cut)), ...reader.read(STREAM.slice(cut))];
      expect(parts, `cut at ${cut}`).toEqual(whole);
    }
  });

  it("gives nothing for heartbeats and for what is unfinished", () => {
    expect(new MessageReader().read(": beat\n\ndata: half")).toEqual([]);
  });

  it("may end its lines as other systems do, wherever it is cut", () => {
    const text = "data: 1\r\n\r\ndata: 2\r\n\r\n";
    for (let cut = 1; cut < text.length; cut++) {
      const reader = new MessageReader();
      const parts = [...reader.read(text.slice(0, cut)), ...reader.read(text.slice(cut))];
      expect(parts.map(({ data }) => data)).toEqual(["1", "2"]);
    }
  });

  it("fails when a message never ends, instead of keeping all of it", () => {
    const reader = new MessageReader();
    const piece = "x".repeat(1024 * 1024);
    reader.read("data: ");
    expect(() => {
      for (let i = 0; i < 17; i++) reader.read(piece);
    }).toThrow("max buffer size");
  });
});
