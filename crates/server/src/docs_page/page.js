// Shows /openapi.json and sends requests. All text is set as text, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const VERBS = ["get", "post", "put", "delete"];
const MOST_SHOWN = 200_000;
let description;

/** An element with attributes (functions are listeners) and children. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/** Text with `code` marked. */
function inline(text) {
  return text.split("`").map((part, n) => (n % 2 ? el("code", {}, part) : part));
}

/** The little Markdown that descriptions use: paragraphs, lists, code. */
function prose(text = "") {
  return text.split("\n\n").flatMap((paragraph) => {
    const lines = paragraph.split("\n");
    const items = lines.filter((line) => line.startsWith("- "));
    const before = lines.filter((line) => !line.startsWith("- ")).join(" ");
    const list = items.map((item) => el("li", {}, ...inline(item.slice(2))));
    return [before && el("p", {}, ...inline(before)), list.length > 0 && el("ul", {}, ...list)].filter(Boolean);
  });
}

/** What a reference points to. */
function resolve(value) {
  if (!value?.$ref) return value;
  return value.$ref.slice(2).split("/").reduce((at, step) => at[step], description);
}

const nameOf = (schema) => schema?.$ref?.split("/").pop();

/** A schema's type, with links to named types. */
function type(schema = {}) {
  const name = nameOf(schema);
  if (name) return [el("a", { href: `#schema-${name}` }, name)];
  if (schema.anyOf) return schema.anyOf.flatMap((one, n) => (n ? [" or ", ...type(one)] : type(one)));
  if (schema.type === "array") return ["list of ", ...type(schema.items)];
  if (schema.enum) return [schema.enum.join(" | ")];
  if (schema.additionalProperties?.type) return ["object of ", ...type(schema.additionalProperties)];
  const kinds = [schema.type].flat().filter((kind) => kind && kind !== "null").join(" or ");
  const bounds = [
    schema.minimum !== undefined && `from ${schema.minimum}`,
    schema.maximum !== undefined && schema.maximum < 2 ** 53 && `to ${schema.maximum}`,
    schema.maxLength !== undefined && `at most ${schema.maxLength} characters`,
    schema.maxItems !== undefined && `at most ${schema.maxItems}`,
    schema.format,
  ].filter(Boolean);
  return [[kinds || "any value", ...bounds].join(", ")];
}

/** A term of a list of fields or parameters. */
function field(name, schema, required, text) {
  const fallback = schema?.default;
  const shown = fallback !== undefined && typeof fallback !== "object" ? `, default ${fallback}` : "";
  return [
    el("dt", {}, el("code", {}, name), " ",
      el("span", { class: "type" }, ...type(schema), shown, required ? ", required" : "")),
    el("dd", {}, ...prose(text ?? schema?.description)),
  ];
}

function fields(schema) {
  const required = new Set(schema.required);
  const names = Object.keys(schema.properties ?? {});
  names.sort((a, b) => required.has(b) - required.has(a));
  return el("dl", {}, ...names.flatMap((name) => field(name, schema.properties[name], required.has(name))));
}

/** The first example of a body, or its required fields. */
function exampleOf(content) {
  const [example] = Object.values(content.examples ?? {});
  return JSON.stringify(example?.value ?? {}, null, 2);
}

/** A control for a parameter. */
function control(parameter) {
  const schema = resolve(parameter.schema) ?? {};
  const options = schema.enum ?? (schema.type === "boolean" ? ["true", "false"] : undefined);
  const input = options
    ? el("select", {}, el("option", { value: "" }, ""), ...options.map((one) => el("option", {}, String(one))))
    : el("input", { autocomplete: "off", inputmode: schema.type === "integer" ? "numeric" : undefined });
  input.required = parameter.required;
  return { parameter, input, label: el("label", {}, `${parameter.name}${parameter.required ? " (required)" : ""}`, input) };
}

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The part of an operation in which a request is written and sent. */
function trial(path, verb, operation) {
  const controls = (operation.parameters ?? []).map(control);
  const content = operation.requestBody?.content["application/json"];
  const body = content && el("textarea", { spellcheck: "false" });
  if (body) body.value = exampleOf(content);
  const output = el("div", { role: "status", "aria-live": "polite" });
  let running;

  const request = () => {
    let address = path;
    const query = [];
    const headers = {};
    for (const { parameter, input } of controls) {
      if (!input.value) continue;
      if (parameter.in === "path") address = address.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (parameter.in === "header") headers[parameter.name] = input.value;
      else query.push(`${parameter.name}=${encodeURIComponent(input.value)}`);
    }
    if (query.length) address += `?${query.join("&")}`;
    if (body) headers["Content-Type"] = "application/json";
    if ($("token").value) headers.Authorization = `Bearer ${$("token").value}`;
    return { address, headers, body: body?.value };
  };
  const send = async (event) => {
    event.preventDefault();
    running?.abort();
    running = new AbortController();
    const asked = request();
    const text = el("pre", { tabindex: "0" });
    const status = el("p", {}, "Sent…");
    output.replaceChildren(status, text);
    const begin = performance.now();
    try {
      const answer = await fetch(asked.address, {
        method: verb.toUpperCase(), headers: asked.headers, body: asked.body, signal: running.signal,
      });
      const took = Math.round(performance.now() - begin);
      status.replaceChildren(el("strong", {}, String(answer.status)), ` ${answer.statusText}, ${took} ms`);
      await show(answer, text);
    } catch (error) {
      if (error.name === "AbortError") text.append("\nStopped.");
      else status.replaceChildren(`No answer: ${error.message}`);
    }
  };
  const curl = () => {
    const asked = request();
    const parts = ["curl"];
    if (verb !== "get" && verb !== "post") parts.push(`-X ${verb.toUpperCase()}`);
    for (const [name, value] of Object.entries(asked.headers)) {
      // People copy this command: it must not contain their token.
      parts.push(name === "Authorization" ? '-H "Authorization: Bearer $TOKEN"' : `-H ${quote(`${name}: ${value}`)}`);
    }
    if (asked.body !== undefined) parts.push(`-d ${quote(asked.body)}`);
    parts.push(quote(location.origin + asked.address));
    output.replaceChildren(el("pre", { tabindex: "0" }, parts.join(" \\\n  ")));
  };
  return el("form", { submit: send },
    el("h3", {}, "Try it"),
    el("div", { class: "fields" }, ...controls.map((one) => one.label)),
    body && el("label", {}, "Body", body),
    el("div", { class: "buttons" },
      el("button", { class: "send" }, "Send"),
      el("button", { type: "button", click: () => running?.abort() }, "Stop"),
      el("button", { type: "button", click: curl }, "As a curl command")),
    output);
}

/** Writes an answer's body as it arrives; JSON is indented. */
async function show(answer, text) {
  const kind = answer.headers.get("content-type") ?? "";
  const decoder = new TextDecoder();
  let all = "";
  for (const reader = answer.body?.getReader(); reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    all += decoder.decode(value, { stream: true });
    if (all.length > MOST_SHOWN) all = `…${all.slice(-MOST_SHOWN)}`;
    text.textContent = all;
  }
  if (kind.includes("json")) {
    try {
      text.textContent = JSON.stringify(JSON.parse(all), null, 2);
    } catch {
      text.textContent = all;
    }
  }
}

function answers(operation) {
  return el("dl", {}, ...Object.entries(operation.responses).flatMap(([status, reference]) => {
    const response = resolve(reference);
    const content = Object.entries(response.content ?? {});
    const types = content.flatMap(([media, { schema }]) => [`${media}: `, ...type(schema)]);
    const headers = Object.entries(response.headers ?? {}).flatMap(([name, header]) =>
      field(name, header.schema, header.required, header.description));
    return [
      el("dt", {}, el("code", {}, status), " ", el("span", { class: "type" }, ...types)),
      el("dd", {}, ...prose(response.description), headers.length ? el("dl", {}, ...headers) : null),
    ];
  }));
}

function showOperation(path, verb, operation) {
  const details = el("details", { class: "operation", id: operation.operationId },
    el("summary", {},
      el("span", { class: `verb ${verb.toUpperCase()}` }, verb.toUpperCase()),
      el("span", { class: "path" }, path),
      el("span", { class: "meaning" }, ...inline(operation.summary))));
  // What is inside is made when it is first opened.
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector(".inside")) return;
    const content = operation.requestBody?.content["application/json"];
    const parameters = operation.parameters ?? [];
    details.append(el("div", { class: "inside" },
      ...prose(operation.description),
      parameters.length ? el("h3", {}, "Parameters") : null,
      el("dl", {}, ...parameters.flatMap((one) => field(`${one.name}`, one.schema, one.required, one.description))),
      content ? el("h3", {}, "Body: ", ...type(content.schema)) : null,
      content ? fields(resolve(content.schema)) : null,
      el("h3", {}, "Answers"),
      answers(operation),
      trial(path, verb, operation)));
  });
  details.dataset.text = `${operation.operationId} ${verb} ${path} ${operation.description}`.toLowerCase();
  return details;
}

function showSchema(name, schema) {
  const details = el("details", { class: "schema", id: `schema-${name}` },
    el("summary", {}, el("code", {}, name)),
    el("div", { class: "inside" }, ...prose(schema.description),
      schema.properties ? fields(schema) : el("p", { class: "type" }, ...type(schema))));
  details.dataset.text = `${name} ${schema.description ?? ""} ${Object.keys(schema.properties ?? {}).join(" ")}`.toLowerCase();
  return details;
}

function section(id, title, text, parts) {
  $("nav").append(el("a", { href: `#${id}` }, title));
  $("main").append(el("section", { "aria-labelledby": id },
    el("h2", { id, tabindex: "-1" }, title), ...prose(text), ...parts));
}

function showAll() {
  $("version").textContent = description.info.version;
  $("about").replaceChildren(...inline(description.info.description), " ",
    el("a", { href: "/openapi.json" }, "openapi.json"));
  const operations = Object.entries(description.paths).flatMap(([path, verbs]) =>
    VERBS.filter((verb) => verbs[verb]).map((verb) => ({ path, verb, operation: verbs[verb] })));
  for (const tag of description.tags) {
    const own = operations.filter(({ operation }) => operation.tags[0] === tag.name);
    const title = tag.name[0].toUpperCase() + tag.name.slice(1);
    if (own.length) {
      section(`tag-${tag.name}`, title, tag.description,
        own.map(({ path, verb, operation }) => showOperation(path, verb, operation)));
    }
  }
  section("types", "Types", "What requests and answers consist of.",
    Object.entries(description.components.schemas).map(([name, schema]) => showSchema(name, schema)));
}

/** Opens what the address points to. */
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
    target.querySelector("summary").focus({ preventScroll: true });
  }
}

function search() {
  const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const part of document.querySelectorAll("details[id]")) {
    part.hidden = !words.every((word) => part.dataset.text.includes(word));
  }
  for (const part of document.querySelectorAll("main section")) {
    part.hidden = !part.querySelector("details:not([hidden])");
  }
}

async function start() {
  try {
    const answer = await fetch("/openapi.json");
    description = await answer.json();
    if (!answer.ok) throw new Error(description.message);
  } catch (error) {
    $("about").textContent = `The description cannot be read: ${error.message}`;
    return;
  }
  showAll();
  $("search").addEventListener("input", search);
  addEventListener("hashchange", openTarget);
  openTarget();
}

start();
