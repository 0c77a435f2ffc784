// The first visible element with this role whose accessible name contains this text. A short form
// of the rules of accname: enough for what the tests look for, and it fails when a control
// has no name at all.
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
const words = (ids) =>
  ids
    .split(/\s+/)
    .map((id) => document.getElementById(id)?.textContent ?? "")
    .join(" ");
// What is read aloud of an element: not what is hidden from screen readers, like printed keys.
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
  const own = by ? words(by) : element.ariaLabel || labels || spoken(element).trim();
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
