import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { killDevPrograms, startDevProgram, untilNothingIsLeft } from '../../testing/dev-program';
import { describeWithDevServer } from '../../testing/temporal';
import { until } from '../../testing/until';

/** All its parts start in seconds; this machine may be busy with other tests. */
const EXAMPLE_TIMEOUT_MS = 240_000;

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'hl-test-'))));
afterEach(async () => await rm(folder, { recursive: true }));
afterEach(killDevPrograms);

describeWithDevServer('npm run example', () => {
  it(
    'serves the application, gives a person a link that opens, and leaves no process and no file after Ctrl-C',
    async () => {
      const example = startDevProgram('tools/example.ts', [], { TMPDIR: folder });
      const address = () => /Open (\S+) in a browser/.exec(example.output())?.[1];
      await Promise.race([
        example.ended,
        until('it says where it is', () => address() !== undefined, EXAMPLE_TIMEOUT_MS / 2),
      ]);
      // With all that it said, when it failed.
      expect(address() === undefined ? example.output() : '').toBe('');
      const url = address()!;
      expect(await (await fetch(url)).text()).toContain('Connect your bank');

      const post = async (path: string, body: object, cookie = '') => {
        const headers = { origin: url, 'content-type': 'application/json', cookie };
        return await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      };
      const signedIn = await post('/sign-in', { userId: 'user-1' });
      const cookie = signedIn.headers.getSetCookie()[0]!.split(';')[0]!;
      const link = (await (await post('/bank-links', {}, cookie)).json()) as { url: string };
      expect(await (await fetch(link.url)).text()).toContain('Choose your bank');

      process.kill(example.pid, 'SIGINT');
      expect({ code: await example.ended, output: example.output() }).toEqual({
        code: 130,
        output: expect.stringContaining('Stopping all that was started'),
      });
      await untilNothingIsLeft();
      expect((await readdir(folder)).filter((name) => name.startsWith('hl-'))).toEqual([]);
    },
    EXAMPLE_TIMEOUT_MS,
  );
});
