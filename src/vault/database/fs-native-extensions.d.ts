/** The one function that is used of the package, which has no types of its own. */
declare module 'fs-native-extensions' {
  /**
   * Takes an exclusive lock on the whole file for this open file description, and says whether it could. The lock goes when
   * the descriptor is closed, also by the death of the process.
   */
  export function tryLock(fd: number): boolean;
}
