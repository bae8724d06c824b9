/**
 * Calls a listener. What it throws is reported as an error of the page, and is none of the upload: a bar that has
 * left the page does not end it.
 */
export function tell(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    // Node has none.
    if (typeof reportError === 'function') reportError(error);
    else console.error(error);
  }
}
