import type { Component } from "svelte";

/** A Lucide icon: `import X from "@lucide/svelte/icons/x"`. */
export type Icon = Component<{
  size?: number | string;
  strokeWidth?: number | string;
  class?: string;
}>;

/** One thing a menu offers. */
export interface MenuAction {
  /** A verb. */
  name: string;
  icon?: Icon;
  /** The shortcut that does the same, as in keys.ts. Shown, not bound. */
  keys?: string;
  danger?: boolean;
  disabled?: boolean;
  run: () => void | Promise<void>;
}

export type MenuItem = MenuAction | "separator";
