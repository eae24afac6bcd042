/** Text as people read it: JSON over several lines, anything else as it is. */
export function pretty(text: string): { readonly text: string; readonly isJson: boolean } {
  // Numbers beyond 2^53 would not come back as they were: they stay as written.
  if (!/^\s*[[{"]/.test(text) || /\d{16}/.test(text)) return { text, isJson: false };
  try {
    return { text: JSON.stringify(JSON.parse(text), null, 2), isJson: true };
  } catch {
    return { text, isJson: false };
  }
}

/** Why a text is no JSON; undefined when it is. */
export function jsonFault(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'This is no JSON';
  }
}
