// Small things this device remembers. Storage may be full or switched off: then it does not.
export function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch { /* not remembered */ }
}

export function recall(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(name);
  } catch { /* nothing to forget */ }
}
