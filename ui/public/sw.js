// Shows a page of its own while the engine cannot be reached, in place of the browser's error page. It is
// registered only by the installed app. It keeps nothing: no page, no answer of the API, no version.
// It speaks the browser's language: the one that was chosen in the pages is not known here.
const TEXTS = {
  en: {
    title: "The engine cannot be reached",
    text: "Tasks that run go on without this page. Is the computer awake, and are you in its network?",
    button: "Try again",
    note: "This page tries by itself every 5 seconds.",
  },
  de: {
    title: "Die Engine ist nicht erreichbar",
    text: "Laufende Aufträge gehen ohne diese Seite weiter. Ist der Rechner an und in diesem Netz erreichbar?",
    button: "Erneut versuchen",
    note: "Diese Seite versucht es alle 5 Sekunden von selbst.",
  },
};
const wanted = navigator.languages.map((tag) => tag.split("-")[0]);
const language = wanted.find((tag) => Object.hasOwn(TEXTS, tag)) ?? "en";
const texts = TEXTS[language];
const UNREACHABLE = `<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>Claude Worker</title>
<style>
  body { display: grid; place-content: center; justify-items: center; gap: 12px; min-height: 100dvh;
    margin: 0; padding: 24px; box-sizing: border-box; font: 16px/1.5 system-ui, sans-serif;
    text-align: center; background: light-dark(#fbfaf8, #171411); color: light-dark(#23201c, #ebe8e3) }
  h1 { margin: 0; font-size: 20px }
  p { margin: 0; max-width: 34ch; text-wrap: balance; color: light-dark(#5d5852, #aaa59e) }
  button { display: grid; place-items: center; min-height: 48px; margin-top: 8px; padding: 0 24px;
    border-radius: 11px; background: light-dark(#2f5bd0, #86a5f7); color: light-dark(#fff, #10182e);
    border: 0; font: inherit; font-weight: 600 }
</style>
<h1>${texts.title}</h1>
<p>${texts.text}</p>
<button type="button">${texts.button}</button>
<p>${texts.note}</p>
<script>RETRY</script>
</html>`;
// It reloads instead of following a link to itself: that would lose the page after the # of the address.
const RETRY = `const reload = () => location.reload();
setTimeout(reload, 5000);
addEventListener("online", reload);
document.querySelector("button").addEventListener("click", reload);
`;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => {
  const preload = self.registration.navigationPreload?.enable();
  event.waitUntil(Promise.all([self.clients.claim(), preload]));
});
self.addEventListener("fetch", (event) => {
  // Everything but opening a page goes its usual way.
  if (event.request.mode !== "navigate") return;
  event.respondWith(open(event));
});

async function open(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch {
    const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(RETRY));
    const script = btoa(String.fromCharCode(...new Uint8Array(hash)));
    const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${script}'`;
    const headers = {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `${policy}; base-uri 'none'; form-action 'none'`,
    };
    return new Response(UNREACHABLE.replace("RETRY", RETRY), { status: 503, headers });
  }
}
