import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../../..');

const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `src/${name}`);

it.each([...rooms, 'testing', 'tools', 'test', 'bench'])(
  'explains %s in a README of one paragraph',
  (room) => {
    const [title, paragraph, ...more] = readFileSync(join(ROOT, room, 'README.md'), 'utf8')
      .trim()
      .split('\n\n');
    expect(title).toBe(`# ${room}`);
    expect(paragraph).toMatch(/import/);
    expect(more).toEqual([]);
  },
);
