import { Argument, Command } from 'commander';
import { addKeyToFile } from '../secrets/key-file';
import { generateKeyRingText } from '../secrets/key-ring';
import { examples } from './examples';
import { printJson, printLines } from './print';

/** `hosted-link keys`: makes keys, tells where each stands, and re-wraps what older ones have sealed. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('make keys, tell where each stands, and re-wrap what older ones have sealed')
    .addCommand(generateCommand())
    .addCommand(rotateCommand())
    .addCommand(statusCommand());
}

function generateCommand(): Command {
  return new Command('generate')
    .description('make a random key, and print it as id:key or add it to a file')
    .addArgument(new Argument('<ring>', 'which ring it is for').choices(['vault', 'codec', 'callback']))
    .option('--file <path>', 'add it to the ring in this file as the last one; makes the file')
    .option('--json', 'print an object')
    .addHelpText(
      'after',
      examples('hosted-link keys generate vault', 'hosted-link keys generate codec --file codec-keys'),
    )
    .action(async (ring: string, { file, json }: { file?: string; json?: boolean }) => {
      const key = generateKeyRingText(ring);
      if (file === undefined) {
        if (json) printJson<'keys generate'>({ key });
        else printLines([key]);
        return;
      }
      const keyIds = await addKeyToFile(file, key);
      if (json) {
        printJson<'keys generate'>({ file, keyIds });
        return;
      }
      const [primary, ...older] = keyIds;
      const others = older.length > 0 ? `, then ${older.join(', ')}` : '';
      printLines([`${file}: ${primary} is the primary${others}`]);
    });
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description("re-wrap what is in the vault under the vault's primary key; may be stopped and run again")
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link keys rotate'))
    .action(async (options: { json?: boolean }) => {
      const { rotateVaultKeys } = await import('./actions/keys.js');
      await rotateVaultKeys(options);
    });
}

function statusCommand(): Command {
  return new Command('status')
    .description('tell which keys there are, what each has sealed, and how often the codec has used its own')
    .option('--json', 'print an object')
    .addHelpText('after', examples('hosted-link keys status'))
    .action(async (options: { json?: boolean }) => {
      const { printKeys } = await import('./actions/keys.js');
      await printKeys(options);
    });
}
