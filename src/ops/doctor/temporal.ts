import type { Connection } from '@temporalio/client';
import { ok, warning, type Finding } from './finding';

const CHECK = 'Temporal';

/** The version of the server that this project is tested with: 1.29. */
const TESTED_MINOR = 29;

/** Which version the Temporal server has. */
export async function checkTemporal(connection: Connection, address: string): Promise<Finding[]> {
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  const found = `server ${serverVersion} at ${address}`;
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(serverVersion) ?? [];
  if (major === '1' && Number(minor) < TESTED_MINOR) {
    return [
      warning(
        CHECK,
        `${found}, older than 1.${TESTED_MINOR}`,
        'upgrade it: sessions need update-with-start, and rates that follow 429s need 1.29',
      ),
    ];
  }
  return [ok(CHECK, found)];
}
