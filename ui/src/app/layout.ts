/** The condition for sidebar, queue and page side by side; a narrower window shows one at a time. */
export const BESIDE = "(width >= 900px)";
