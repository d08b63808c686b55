/** Temporal's declarations name a type of this package, whose exports leave its own declarations out. */
declare module 'ms' {
  export type StringValue = string;
}
