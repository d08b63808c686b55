/** A time in ISO 8601, with milliseconds. */
export function iso(time: number): string {
  return new Date(time).toISOString();
}
