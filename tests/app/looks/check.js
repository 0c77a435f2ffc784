// Checks how the page is laid out; returns a sentence for each fault.
const faults = new Set();
const { innerWidth: width, innerHeight: height } = window;

const describe = (element) => {
  const words = (element.ariaLabel ?? element.innerText ?? "").trim().replace(/\s+/g, " ");
  const kind = element.role ? `[role=${element.role}]` : "";
  const classes = typeof element.className === "string" ? element.className : "";
  const name = classes.replace(/\bs(velte)?-\w+/g, "").trim().split(/\s+/).filter(Boolean);
  const path = [element.localName + kind, ...name].join(".");
  return `<${path}> "${words.slice(0, 60)}"`;
};
const fault = (element, what) => faults.add(`${describe(element)} ${what}`);
const px = (number) => `${Math.round(number)} px`;

const styles = new Map();
const styleOf = (element) => {
  if (!styles.has(element)) styles.set(element, getComputedStyle(element));
  return styles.get(element);
};
const clips = (value) => value === "hidden" || value === "clip";
const scrolls = (value) => value === "auto" || value === "scroll";
const inTopLayer = (element) => element.matches("dialog:modal, :popover-open");

/** Whether it is there for screen readers only. */
const spokenOnly = (element) => {
  for (let at = element; at; at = at.parentElement) {
    if (styleOf(at).clipPath.startsWith("inset(50%")) return true;
  }
  return false;
};
const visible = (element) =>
  element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
  !spokenOnly(element);

/** What is above all else: only this can be used. */
const modal = [...document.querySelectorAll("dialog:modal")].at(-1);
const popovers = [...document.querySelectorAll(":popover-open")].filter(visible);
const menu = popovers.filter((one) => one.matches("[role=menu], [role=listbox]")).at(-1);
const scope = menu ?? modal ?? document.body;
const inScope = [...scope.querySelectorAll("*")].filter(
  (element) => !element.closest("svg *") && visible(element),
);

/** The part of a box that is not cut off by what it is in; of text, also by its own element. */
function shownPart(element, box) {
  let { left, top, right, bottom } = box ?? element.getBoundingClientRect();
  if (box && styleOf(element).overflowX !== "visible") {
    const edge = element.getBoundingClientRect();
    left = Math.max(left, edge.left);
    right = Math.min(right, edge.right);
    top = Math.max(top, edge.top);
    bottom = Math.min(bottom, edge.bottom);
  }
  for (let at = element; at && !inTopLayer(at); at = at.parentElement) {
    if (styleOf(at).position === "fixed") break;
    const parent = at.parentElement;
    if (!parent) break;
    const { overflowX, overflowY } = styleOf(parent);
    const edge = parent.getBoundingClientRect();
    if (overflowX !== "visible") {
      left = Math.max(left, edge.left);
      right = Math.min(right, edge.right);
    }
    if (overflowY !== "visible") {
      top = Math.max(top, edge.top);
      bottom = Math.min(bottom, edge.bottom);
    }
  }
  left = Math.max(left, 0);
  top = Math.max(top, 0);
  right = Math.min(right, width);
  bottom = Math.min(bottom, height);
  return { left, top, right, bottom, width: right - left, height: bottom - top };
}

/** Every run of text, with the boxes of its lines. */
const texts = [];
for (const element of inScope) {
  for (const node of element.childNodes) {
    if (node.nodeType !== Node.TEXT_NODE || !node.data.trim()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const boxes = [...range.getClientRects()].filter((box) => box.width > 0 && box.height > 0);
    if (boxes.length > 0) texts.push({ element, boxes });
  }
}

// ── The window ──
const page = document.documentElement;
if (page.scrollWidth > page.clientWidth) {
  faults.add(`the page is ${px(page.scrollWidth - page.clientWidth)} wider than the window`);
}
if (page.scrollHeight > page.clientHeight) {
  faults.add(`the page is ${px(page.scrollHeight - page.clientHeight)} higher than the window`);
}
for (const element of [...document.querySelectorAll("dialog:modal"), ...popovers]) {
  const box = element.getBoundingClientRect();
  const inside =
    box.left >= -0.5 && box.top >= -0.5 && box.right <= width + 0.5 && box.bottom <= height + 0.5;
  if (!inside) fault(element, "reaches out of the window");
  if (box.height < 24 || box.width < 24) fault(element, `is ${px(box.width)} by ${px(box.height)}`);
}

// ── Room ──

/** What is drawn on a line of the page. */
const drawn = [
  ...texts.flatMap(({ element, boxes }) =>
    boxes.map((box) => ({ element, box: shownPart(element, box) })),
  ),
  ...inScope
    .filter((element) => element.matches("svg, img, button, input, textarea, kbd, .keys"))
    .map((element) => ({ element, box: shownPart(element) })),
].filter(({ box }) => box.width > 0 && box.height > 0);

/** The nearest thing around an element that is seen as an area. */
function areaOf(element) {
  for (let at = element.parentElement; at; at = at.parentElement) {
    const style = styleOf(at);
    const edged =
      parseFloat(style.borderLeftWidth) > 0 || parseFloat(style.borderRightWidth) > 0;
    const filled = !/^(transparent|rgba\(0, 0, 0, 0\))$/.test(style.backgroundColor);
    const area = at.matches("main, aside, header, section, article, dialog, body, li, dl, td");
    if (edged || filled || area || style.overflowX !== "visible") return at;
  }
  return document.body;
}

/** Parts of the page that have a width of their own, whatever is in them. */
const PARTS = "main, aside, section, article, header, footer, form, dialog, td, [role=option], [role=row]";

/**
 * How much is left in the flex lines that an element is part of, wherever it is: at their ends, between
 * their items, and in items that show nothing. An item takes no room of it if a negative margin or a
 * largest width keeps it small.
 */
function roomInLines(element) {
  let most = 0;
  for (let at = element; at !== scope && !at.matches(PARTS); at = at.parentElement) {
    const line = at.parentElement;
    const style = styleOf(line);
    if (!style.display.endsWith("flex") || !style.flexDirection.startsWith("row")) continue;
    const own = at.getBoundingClientRect();
    const middle = (own.top + own.bottom) / 2;
    const shows = (item) => item === at || drawn.some(({ element: one }) => item.contains(one));
    const items = [...line.children].filter((item) => {
      if (!visible(item) || /absolute|fixed/.test(styleOf(item).position) || !shows(item)) return false;
      const { top, bottom } = item.getBoundingClientRect();
      return top <= middle && bottom >= middle;
    });
    const taken = items.reduce((sum, item) => sum + item.getBoundingClientRect().width, 0);
    const gaps = (items.length - 1) * (parseFloat(style.columnGap) || 0);
    const inside = line.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    most = Math.max(most, inside - taken - gaps);
  }
  return most;
}

/** How much room is left beside an element, on its line. */
function roomBeside(element) {
  const box = element.getBoundingClientRect();
  const middle = (box.top + box.bottom) / 2;
  const area = areaOf(element);
  const edge = area.getBoundingClientRect();
  const style = styleOf(area);
  let right = edge.right - parseFloat(style.paddingRight) - parseFloat(style.borderRightWidth);
  let left = edge.left + parseFloat(style.paddingLeft) + parseFloat(style.borderLeftWidth);
  for (const { element: other, box: taken } of drawn) {
    if (element.contains(other) || other.contains(element)) continue;
    if (taken.top > middle || taken.bottom < middle) continue;
    if (taken.left >= box.right - 1) right = Math.min(right, taken.left);
    if (taken.right <= box.left + 1) left = Math.max(left, taken.right);
  }
  return Math.max(right - box.right, box.left - left, roomInLines(element));
}

/** Lists that draw only the rows that are in sight. */
const LISTS = "[role=listbox], [role=menu], [role=log]";
/** What scrolls up and down only. */
const UPRIGHT = "main, aside, aside *, dialog, [role=listbox], [role=menu], [role=log]";
/** Ordinary gaps between two things on a line are smaller. */
const FREE = 36;
for (const element of inScope) {
  const style = styleOf(element);
  const cut = element.scrollWidth - element.clientWidth;
  // What is on its line is seen only together with it.
  if (shownPart(element).height < element.getBoundingClientRect().height / 2) continue;
  if (clips(style.overflowX) && cut > 1 && element.innerText.trim() && !element.matches("dialog")) {
    const room = roomBeside(element);
    if (room > FREE) fault(element, `is cut by ${px(cut)} beside ${px(room)} of free room`);
    const isTold = element.closest("[title]") !== null;
    if (element.clientWidth < 24 && !isTold) fault(element, `is cut to ${px(element.clientWidth)}`);
  }
  if (scrolls(style.overflowX) && cut > 1 && element.matches(UPRIGHT)) {
    fault(element, `scrolls ${px(cut)} to the side`);
  }
  const low = element.scrollHeight - element.clientHeight;
  // The rows of a long list may not be drawn yet.
  const parts = element.clientWidth > 0 && (element.innerText?.trim() || element.matches(LISTS));
  if (scrolls(style.overflowY) && low > 1 && parts && element.clientHeight < 60) {
    const small = element.matches("textarea") || element.closest("pre");
    if (!small) fault(element, `shows ${px(element.clientHeight)} of ${px(element.scrollHeight)}`);
  }
}
for (const { element, boxes } of texts) {
  for (const box of boxes) {
    for (let at = element; at && at !== scope.parentElement; at = at.parentElement) {
      const style = styleOf(at);
      if (scrolls(style.overflowX) || style.textOverflow === "ellipsis") break;
      const edge = at.getBoundingClientRect();
      const out = Math.max(box.right - edge.right, edge.left - box.left);
      if (clips(style.overflowX) && out > 1) {
        fault(element, `runs ${px(out)} out of ${describe(at)}`);
        break;
      }
    }
    for (let at = element; at && at !== scope.parentElement; at = at.parentElement) {
      const style = styleOf(at);
      if (scrolls(style.overflowY) || style.webkitLineClamp !== "none") break;
      // Below it is the scrollbar that it has at its lower edge.
      const edge = at.getBoundingClientRect().top + at.clientTop + at.clientHeight;
      if (clips(style.overflowY) && box.bottom - edge > 3) {
        fault(element, `runs ${px(box.bottom - edge)} out of the lower edge of ${describe(at)}`);
        break;
      }
    }
  }
}

// A row that wraps although all of it fits into one line.
for (const element of inScope) {
  const style = styleOf(element);
  if (style.display !== "flex" || style.flexWrap !== "wrap") continue;
  if (!style.flexDirection.startsWith("row")) continue;
  const items = [...element.children].filter(
    (item) => visible(item) && !/absolute|fixed/.test(styleOf(item).position),
  );
  const boxes = items.map((item) => item.getBoundingClientRect());
  const wraps = boxes.some((box, index) => index > 0 && box.top >= boxes[index - 1].bottom - 1);
  const needed = items.reduce((sum, item) => {
    const { marginLeft, marginRight } = styleOf(item);
    return sum + item.getBoundingClientRect().width + parseFloat(marginLeft) + parseFloat(marginRight);
  }, 0);
  const gaps = (items.length - 1) * (parseFloat(style.columnGap) || 0);
  const room =
    element.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
  if (wraps && needed + gaps <= room) fault(element, "wraps although it fits into a line");
}

// ── Nothing painted over ──
const INTERACTIVE = `button, a[href], input, select, textarea, summary, [role=button], [role=option],
  [role=tab], [role=menuitem], [role=switch], [role=radio], [role=checkbox]`;
/** What lies above a list that can be scrolled from under it. */
const FLOATING = "[role=search], .newest, .older, .toaster";
const stuck = (hit, element) => {
  for (let at = hit; at && !at.contains(element); at = at.parentElement) {
    if (styleOf(at).position === "sticky") return true;
  }
  return false;
};
for (const element of inScope.filter((element) => element.matches(INTERACTIVE))) {
  const style = styleOf(element);
  if (style.pointerEvents === "none") continue;
  const box = shownPart(element);
  if (box.width < 10 || box.height < 10) {
    const whole = element.getBoundingClientRect();
    const away = box.width <= 0 || box.height <= 0;
    // Scrolled away: can be reached. A small part of it is left at the edge.
    if (!isInScroller(element)) fault(element, away ? "is out of sight" : `shows ${px(box.width)} by ${px(box.height)}`);
    if (whole.width < 10 || whole.height < 10) fault(element, `is ${px(whole.width)} by ${px(whole.height)}`);
    continue;
  }
  const inset = 3 + Math.min(parseFloat(style.borderTopLeftRadius) || 0, 12) * 0.3;
  const [x1, x2] = [box.left + inset, box.right - inset];
  const [y1, y2] = [box.top + inset, box.bottom - inset];
  // A link may go on in the next line.
  const [line] = element.getClientRects();
  const points = element.matches("a")
    ? [[line.left + 3, line.top + Math.min(line.height, 16) / 2]]
    : [[(x1 + x2) / 2, (y1 + y2) / 2], [x1, y1], [x2, y1], [x1, y2], [x2, y2]];
  for (const [x, y] of points) {
    const hit = document.elementFromPoint(x, y);
    const own = hit && (element.contains(hit) || hit.contains(element) && labels(hit, element));
    if (own || (hit && stuck(hit, element)) || hit?.closest(FLOATING)) continue;
    // At the edge of what scrolls, a part of it is left.
    const whole = element.getBoundingClientRect();
    if (box.height < whole.height - 1 && hit?.contains(element) && isInScroller(element)) continue;
    // A control may be on top of a row.
    if (hit?.closest(INTERACTIVE) && element.contains(hit.closest(INTERACTIVE))) continue;
    fault(element, `is under ${hit ? describe(hit) : "nothing"} at ${Math.round(x)}, ${Math.round(y)}`);
    break;
  }
  // The place to press may be larger than what is drawn.
  const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
  const reaches = (dx, dy) => element.contains(document.elementFromPoint(x + dx, y + dy));
  const wide = box.width >= 23.5 || (reaches(-11.5, 0) && reaches(11.5, 0));
  const high = box.height >= 23.5 || (reaches(0, -11.5) && reaches(0, 11.5));
  const small = !wide || !high;
  const whole = element.getBoundingClientRect();
  const cutOff = box.height < whole.height - 0.5 || box.width < whole.width - 0.5;
  if (small && !cutOff && style.display !== "inline" && !element.matches("input")) {
    fault(element, `is a target of ${px(box.width)} by ${px(box.height)}`);
  }
}
/** Whether something around it scrolls. What is fixed to the window does not scroll with it. */
function isInScroller(element) {
  for (let at = element; at; at = at.parentElement) {
    const { overflowX, overflowY, position } = styleOf(at);
    if (at !== element && (scrolls(overflowY) || scrolls(overflowX))) return true;
    if (position === "fixed") return false;
  }
  return false;
}
function labels(hit, element) {
  return hit.matches("label") || hit.control === element;
}

// Text over text.
const flat = texts.filter(({ element }) => {
  for (let at = element; at && at !== scope; at = at.parentElement) {
    if (at.matches(".tooltip")) return false;
    if (/sticky|absolute|fixed/.test(styleOf(at).position) && at.matches(":not([style*=top])")) return false;
  }
  return true;
});
const lines = flat.flatMap(({ element, boxes }) =>
  boxes.map((box) => ({ element, box: shownPart(element, box) })).filter(({ box }) => box.width > 2 && box.height > 6),
);
lines.sort((a, b) => a.box.top - b.box.top);
for (let first = 0; first < lines.length; first += 1) {
  const a = lines[first];
  for (let second = first + 1; second < lines.length; second += 1) {
    const b = lines[second];
    if (b.box.top > a.box.bottom) break;
    if (a.element === b.element || a.element.contains(b.element) || b.element.contains(a.element)) continue;
    const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
    const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
    if (across > 3 && down > 6) fault(a.element, `is written over ${describe(b.element)}`);
  }
}

// ── Focus ──
const focused = document.activeElement;
if (focused?.matches(":focus-visible") && focused !== document.body) {
  const box = focused.getBoundingClientRect();
  const { outlineStyle, outlineWidth, boxShadow } = styleOf(focused);
  const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) > 0;
  const framed = outlined || /\b0px 0px 0px [1-9]/.test(boxShadow);
  const large = box.width * box.height > width * height * 0.2;
  if (framed && large && !focused.matches("textarea, [role=log], [role=region]")) {
    fault(focused, "has a frame around a whole area");
  }
}
const errors = window.errors.splice(0);
return [...faults, ...errors.map((error) => `error in the console: ${error}`)];
