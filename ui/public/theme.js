// Sets the chosen theme before the first paint: a script in the page's own policy, loaded before it.
// The app tells its choice in `window.appearance`; a browser has stored its own.
{
  let theme = window.appearance?.theme;
  try {
    theme ??= localStorage.getItem("claude-worker.theme");
  } catch {
    // A browser may refuse storage: the page then follows the system.
  }
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
