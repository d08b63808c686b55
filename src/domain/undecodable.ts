/** What the encoding of a payload that a worker cannot decode begins with, and so each error that it leads to. */
export const UNDECODABLE = 'undecodable (';
