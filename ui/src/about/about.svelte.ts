// Whether the box with versions and places is open.
export const about = $state({ open: false });
