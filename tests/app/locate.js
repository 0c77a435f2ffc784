// Finds the first visible element with this role whose accessible name contains this text. It
// implements the part of the accname rules that the tests need.
const [role, text] = arguments;
const implicit = {
  button: "button, summary, input[type=button], input[type=submit]",
  link: "a[href]",
  textbox: "textarea, input:not([type]), input[type=text], [contenteditable=true]",
  searchbox: "input[type=search]",
  combobox: "select",
  checkbox: "input[type=checkbox]",
  heading: "h1, h2, h3, h4, h5, h6",
  listitem: "li",
  dialog: "dialog[open]",
  main: "main",
  navigation: "nav",
};
const textOf = (ids) =>
  ids
    .split(/\s+/)
    .map((id) => document.getElementById(id)?.textContent ?? "")
    .join(" ");
// The text that a screen reader reads, without what is hidden from it.
const spoken = (node) =>
  [...node.childNodes]
    .map((child) => {
      if (child.nodeType === Node.TEXT_NODE) return child.data;
      if (child.nodeType !== Node.ELEMENT_NODE || child.ariaHidden === "true") return "";
      return child.ariaLabel ?? spoken(child);
    })
    .join("");
const name = (element) => {
  const by = element.getAttribute("aria-labelledby");
  const labels = [...(element.labels ?? [])].map(spoken).join(" ");
  const own = by ? textOf(by) : element.ariaLabel || labels || spoken(element).trim();
  return (own || element.title || element.placeholder || "").replace(/\s+/g, " ").trim();
};
const own = implicit[role];
const found = [
  ...document.querySelectorAll(`[role="${role}"]` + (own ? `, :is(${own}):not([role])` : "")),
].filter((element) => {
  const shown = element.checkVisibility() && element.getClientRects().length > 0;
  return shown && !element.disabled && element.ariaDisabled !== "true";
});
return (
  found.find((element) => name(element) === text) ??
  found.find((element) => name(element).includes(text)) ??
  null
);
