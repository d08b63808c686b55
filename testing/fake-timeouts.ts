/**
 * Puts `setTimeout` and `setInterval` under the test's control, by Jest's `advanceTimersByTimeAsync`. The clock, immediates and the
 * timers of Node's own sockets stay real, so that HTTP on loopback works meanwhile. Ends with `jest.useRealTimers()`.
 */
export function fakeTimeouts(): void {
  jest.useFakeTimers({
    doNotFake: [
      'Date',
      'hrtime',
      'nextTick',
      'performance',
      'queueMicrotask',
      'setImmediate',
      'clearImmediate',
    ],
  });
}
