// Whether a person looks at this window.

class Looking {
  /** The window is on screen and has the focus. */
  now = $state(false);

  constructor() {
    const look = () => {
      this.now = document.visibilityState === "visible" && document.hasFocus();
    };
    window.addEventListener("focus", look);
    window.addEventListener("blur", look);
    document.addEventListener("visibilitychange", look);
    look();
  }
}

export const looking = new Looking();
