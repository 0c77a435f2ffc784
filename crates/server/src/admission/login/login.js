// Takes the code of a one-time link out of the address, and logs this browser in with it. After an `&`
// in the fragment follows the page to show.
"use strict";

const status = document.getElementById("status");
const how = document.getElementById("how");

async function logIn(code, page) {
  how.hidden = true;
  status.textContent = "Logging in …";
  try {
    const response = await fetch("/api/v1/logins/redeem", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
    if (response.ok) {
      location.replace(`/#${page}`);
      return;
    }
    const error = await response.json();
    const message =
      error.message ??
      error.detail ??
      `The server answered with status ${response.status}`;
    status.textContent = `${message}.`;
  } catch {
    status.textContent =
      "Claude Worker does not answer. Start it: claude-worker server start";
  }
  how.hidden = false;
}

function start() {
  const [, code, page = "/"] =
    /^#([0-9a-zA-Z_-]+)(?:&(\/.*))?$/.exec(location.hash) ?? [];
  if (!code) return;
  // So that it is neither visible nor in the history. It works only once anyway.
  history.replaceState(null, "", "/login");
  void logIn(code, page);
}

start();
// The link of another login in the same tab changes only the fragment.
addEventListener("hashchange", start);
