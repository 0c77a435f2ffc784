/**
 * Shows a text in an element. Of a text that has grown at its end only the new part is added, because browsers
 * lay out a text that is replaced from its beginning: output of a running command grows line by line.
 */
export function growingText(element: HTMLElement, text: string) {
  const node = document.createTextNode(text);
  element.append(node);
  return {
    update(next: string) {
      if (next === node.data) return;
      if (next.startsWith(node.data)) node.appendData(next.slice(node.data.length));
      else node.data = next;
    },
  };
}
