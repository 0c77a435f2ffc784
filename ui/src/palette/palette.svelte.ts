// Which dialog is open: the command palette or the list of shortcuts.

class Sheets {
  open = $state<"palette" | "shortcuts" | null>(null);

  show(sheet: "palette" | "shortcuts") {
    this.open = sheet;
  }

  /** Closes this dialog; another one that was opened in the meantime stays. */
  close(sheet: "palette" | "shortcuts") {
    if (this.open === sheet) this.open = null;
  }
}

export const sheets = new Sheets();
