/** A name without its "(demonstration)": the page's ribbon says it, and the room belongs to what differs. */
export function plainName(name: string): string {
  return name.replace(/ \(demonstration\)$/, '');
}
