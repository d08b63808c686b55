import { createHash } from 'node:crypto';
import { INSTITUTIONS } from './institutions';
import type { Connection, SandboxSession } from './records';
import type { SandboxState } from './state';

/** How long an imagined person takes for one move, in milliseconds. */
const SHORTEST_MOVE_MS = 300;
const LONGEST_MOVE_MS = 1_500;

/** One person in four leaves once and comes back. */
const LEAVING_SHARE = 0.25;

type Move = (session: SandboxSession) => void;

interface TimedMove {
  move: Move;
  delayMs: number;
}

/**
 * Moves every session as a person would: opens it after a moment and finishes it, or leaves, comes back and finishes. A
 * session that ends meanwhile, by its clock or by a real person, is left alone. Gives a function that stops it.
 */
export function driveSessions(state: SandboxState, seed: number): () => void {
  const random = seededRandom(seed);
  const timers = new Set<NodeJS.Timeout>();

  const play = (session: SandboxSession, [next, ...later]: readonly TimedMove[]): void => {
    if (!next) return;
    const timer = setTimeout(() => {
      timers.delete(timer);
      const { status } = state.refresh(session);
      if (status === 'COMPLETED' || status === 'EXPIRED') return;
      next.move(session);
      play(session, later);
    }, next.delayMs);
    timers.add(timer);
  };

  const drive = (session: SandboxSession): void => {
    const open: Move = (its) => state.open(its);
    const leave: Move = (its) => state.exit(its);
    const first = Math.floor(random() * INSTITUTIONS.length);
    const finish: Move = (its) => {
      for (const connection of pickConnections(its.linkToken.items, first)) state.connect(its, connection);
      state.finish(its);
    };
    const moves = random() < LEAVING_SHARE ? [open, leave, open, finish] : [open, finish];
    // All that is random is drawn here, so that it hangs on the order of the sessions and not on the timers.
    const delayMs = (): number => SHORTEST_MOVE_MS + random() * (LONGEST_MOVE_MS - SHORTEST_MOVE_MS);
    play(
      session,
      moves.map((move) => ({ move, delayMs: delayMs() })),
    );
  };
  state.watch({ created: drive });

  return () => {
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  };
}

/** `count` banks with all their accounts, from the one at index `first` on, in turn. */
export function pickConnections(count: number, first = 0): Connection[] {
  return Array.from({ length: count }, (_, index) => {
    const institution = INSTITUTIONS[(first + index) % INSTITUTIONS.length]!;
    return { institution, accounts: institution.accounts };
  });
}

/** Numbers in [0, 1), the same ones for the same seed: hashes of the seed and a counter. */
function seededRandom(seed: number): () => number {
  let count = 0;
  return () => {
    const digest = createHash('sha256').update(`${seed}/${count++}`).digest();
    return digest.readUInt32BE(0) / 2 ** 32;
  };
}
