import { Command, InvalidArgumentError, Option } from 'commander';
import { PLAID_ENVIRONMENTS } from '../domain/link-token';
import type { SandboxFlags } from './actions/sandbox';
import { examples } from './examples';

const DEFAULT_PORT = 8790;

/** A worker in production talks to Plaid alone. */
const ENVIRONMENTS = PLAID_ENVIRONMENTS.filter((name) => name !== 'production');

/** `hosted-link sandbox`: the offline Plaid alone, until SIGINT or SIGTERM. */
export function sandboxCommand(): Command {
  return new Command('sandbox')
    .description('run the offline Plaid on this machine, for development')
    .option('--port <number>', 'TCP port on 127.0.0.1, 0 for a free one', wholeNumber(65_535), DEFAULT_PORT)
    .addOption(oneOf('--environment <name>', 'whose tokens it hands out', ENVIRONMENTS))
    .option('--auto', 'let sessions open and finish by themselves', false)
    .option('--seed <number>', 'make what --auto does repeatable', wholeNumber(2 ** 31), 1)
    .option(
      '--link-token-lifetime <seconds>',
      'how long a link token lives when its request does not say (default: as at Plaid)',
      wholeNumber(21 * 86_400),
    )
    .option('--tokens-once', 'let /link_delivery/get show the tokens of a session only once', false)
    .addOption(
      oneOf('--token-shape <shape>', 'what /link_delivery/get shows of a finished session', [
        'access_tokens',
        'public_tokens',
      ]),
    )
    .addOption(
      oneOf('--link-session-shape <shape>', 'where /link/token/get shows how a visit ended', [
        'results',
        'on_success',
      ]),
    )
    .option('--refuse-expired', 'let /link/token/get refuse an expired link token', false)
    .addOption(
      oneOf('--second-exchange <end>', 'what becomes of a public token that is exchanged again', [
        'refused',
        'same_item',
        'another_item',
      ]),
    )
    .addOption(
      oneOf('--session-finished-tokens <field>', 'where SESSION_FINISHED holds public tokens', [
        'public_tokens',
        'public_token',
        'both',
      ]),
    )
    .addOption(
      oneOf('--session-finished-status <letters>', 'how SESSION_FINISHED writes its status', [
        'upper',
        'lower',
      ]),
    )
    .option('--event-callbacks', 'send a LINK_CALLBACK for each step of the person too', false)
    .option('--delivery-fails', 'let messages not reach the person', false)
    .option('--no-webhook-retries', 'send no webhook again that was not taken')
    .option('--fault <json>', 'plan a fault of an endpoint; may be repeated', collect, [])
    .option('--webhook-fault <json>', 'plan a fault of webhooks; may be repeated', collect, [])
    .option('--json', 'print an object once it listens')
    .addHelpText('after', examples('hosted-link sandbox', 'hosted-link sandbox --auto --seed 7 --port 0'))
    .action(async (flags: SandboxFlags, command: Command) => {
      const { runSandbox } = await import('./actions/sandbox.js');
      await runSandbox(flags, command);
    });
}

/** An option with a few values, of which the first is the default. */
function oneOf(flags: string, description: string, values: readonly string[]): Option {
  return new Option(flags, description).choices(values).default(values[0]);
}

/** Reads a whole number from 0 to `max`. */
function wholeNumber(max: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (/^\d{1,10}$/.test(text) && number <= max) return number;
    throw new InvalidArgumentError(`It must be a whole number from 0 to ${max}.`);
  };
}

/** Adds the text of a repeatable option to those before it. */
function collect(text: string, before: readonly string[]): string[] {
  return [...before, text];
}
