// Which of the two sheets above the page is open: the palette or the list of shortcuts.

class Sheets {
  open = $state<"palette" | "shortcuts" | null>(null);

  show(sheet: "palette" | "shortcuts") {
    this.open = sheet;
  }

  /** Closes this sheet; another one that was opened meanwhile stays. */
  close(sheet: "palette" | "shortcuts") {
    if (this.open === sheet) this.open = null;
  }
}

export const sheets = new Sheets();
