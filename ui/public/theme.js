// Sets the chosen theme before the first paint: a script in the page's own policy, loaded before it.
// The app tells its choice in `window.appearance`, as it was when the window was opened; what was chosen
// since is in this window's storage. A browser has stored its own choice.
{
  try {
    const chosen = sessionStorage.getItem("claude-worker.appearance");
    if (window.appearance && chosen) Object.assign(window.appearance, JSON.parse(chosen));
  } catch {
    // Without storage the window shows what the app told.
  }
  let theme = window.appearance?.theme;
  try {
    theme ??= localStorage.getItem("claude-worker.theme");
  } catch {
    // A browser may refuse storage: the page then follows the system.
  }
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
    // An empty page has the theme's colour while its styles are read.
    const scheme = document.querySelector('meta[name="color-scheme"]');
    if (scheme) scheme.content = theme;
  }
}
