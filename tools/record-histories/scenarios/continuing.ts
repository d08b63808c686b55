import type { Scenario } from './scenario';

/** For a server that suggests to continue as new after a few events. */
export const CONTINUING: readonly Scenario[] = [
  {
    session: 'completed-after-continuing',
    continued: 'continued',
    play: async (stage) => {
      await stage.start();
      for (const move of ['open', 'exit', 'open'] as const) {
        stage.person[move]();
        await stage.harness.client.checkNow(stage.key);
        await stage.knows(move === 'open' ? 'OPENED' : 'EXITED');
      }
      stage.person.complete();
    },
  },
];
