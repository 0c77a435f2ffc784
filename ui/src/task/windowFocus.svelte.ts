// Whether the window is visible and has the keyboard focus.

class WindowFocus {
  focused = $state(false);

  constructor() {
    const update = () => {
      this.focused = document.visibilityState === "visible" && document.hasFocus();
    };
    window.addEventListener("focus", update);
    window.addEventListener("blur", update);
    document.addEventListener("visibilitychange", update);
    update();
  }
}

export const windowFocus = new WindowFocus();
